"""Delivering again and filling a new listener, with everything in PostgreSQL."""

from datetime import UTC, datetime, timedelta

from pulp_events import DeliveryQuery, EventBus


def test_a_new_listener_is_filled_and_what_was_delivered_is_delivered_again(conf, pulp_events_http_sink, eventually):
    sink = pulp_events_http_sink
    since = datetime.now(UTC) - timedelta(hours=1)
    with EventBus.open(conf, deliver="external") as application, EventBus.open(conf) as worker:
        application.listeners.create("http", {"url": f"{sink.url}/old"}, ["repo.#"])
        events = application.emit_many([("repo.sync.start", {"repo_id": "r", "n": n}) for n in range(20)])
        assert eventually(lambda: worker.outbox.stats().delivered == 20)
        new = application.listeners.create(
            "http", {"url": f"{sink.url}/new"}, ["repo.*.start"], filter="payload.n > `9`"
        )
        for expected in ((10, 0), (0, 10)):
            *_, last = application.backfill(new.id, since=since)
            assert (last.added, last.there, last.unknown) == (*expected, 0)
        assert eventually(lambda: worker.outbox.stats().delivered == 30)
        arrived = [request.headers["pulp-event-id"] for request in sink.requests if request.path == "/new"]
        assert sorted(arrived) == sorted(each.id for each in events[10:])
        query = DeliveryQuery(state="delivered", listener_id=new.id, event_type="repo.#")
        assert sum(application.deliveries.retry(query)) == 10
        assert eventually(lambda: worker.outbox.stats().delivered == 40)
        assert sum(application.deliveries.retry(query)) == application.deliveries.count_retried(query) == 0
        assert application.deliveries.count_retried(query, again=True) == 10
        repeats = application.deliveries.list(DeliveryQuery(is_repeat=True), limit=99)
        assert {each.repeat_of for each in repeats} == {
            each.id for each in application.deliveries.list(DeliveryQuery(has_repeat=True), limit=99)
        }
