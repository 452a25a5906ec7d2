"""Events about events: several processes on one database say each once."""

from collections import Counter

from pulp_events import EventBus
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.testing.http_sink import Answer, HttpSink

LISTENERS = 8


def test_of_three_that_look_all_the_time_one_says_what_became_of_a_listener(conf, eventually):
    with conf.open("a") as file:
        file.write("[delivery]\nretry_schedule = 1ms\njitter = 0\n[about]\nevery = 100ms\nrepeat = 200ms\n")
    with HttpSink() as down, HttpSink() as told, EventBus.open(conf, deliver="external") as application:
        down.answer = lambda request: Answer(503)
        application.listeners.create(
            "http", {"url": told.url}, ["listener.failing", "listener.changed", "delivery.dead"], name="tell"
        )
        workers = [EventBus.open(conf, deliver="background") for _ in range(3)]
        try:
            eventually(lambda: application.outbox.notes("about"))
            made = [
                application.listeners.create("http", {"url": down.url}, ["repo.sync.start"]).id
                for _ in range(LISTENERS)
            ]
            for _ in range(3):
                application.emit("repo.sync.start", {"repo_id": "pulp2"})

            def events(event_type):
                query = DeliveryQuery(event_type=event_type)
                found = [application.events.get(one.event_id) for one in application.deliveries.list(query, limit=999)]
                return [each.event.payload for each in found]

            def counted():
                found = Counter()
                for each in events("delivery.dead"):
                    found[each["listener_id"]] += each["count"]
                return found

            def dead():
                query = DeliveryQuery(state=State.DEAD, event_type="repo.sync.start")
                return Counter(one.listener_id for one in application.deliveries.list(query, limit=999))

            eventually(lambda: len(dead()) == LISTENERS and counted() == dead())
            eventually(lambda: len(events("listener.changed")) >= LISTENERS)
            assert Counter(each["listener_id"] for each in events("listener.failing")) == Counter(made)
            changed = events("listener.changed")
            assert Counter(each["listener_id"] for each in changed) == Counter(made)
            assert {each["action"] for each in changed} == {"created"}
        finally:
            for worker in workers:
                worker.close(drain=False)
