"""A command that emits an event delivers that, and leaves what is pending in the database to the workers."""

import pytest

from pulp_events import EventBus


@pytest.mark.parametrize("lanes", [None, 1], ids=["no order", "order"])
def test_an_own_event_is_delivered_and_a_backlog_of_the_same_listener_left_as_it_is(
    conf, pulp_events_http_sink, eventually, lanes
):
    with EventBus.open(conf, deliver="external") as application:
        application.listeners.create("http", {"url": pulp_events_http_sink.url}, ["repo.#"], lanes=lanes)
        old = application.emit_many([("repo.sync.finish", {})] * 50)
        with EventBus.open(conf, deliver="emitted") as command:
            event = command.emit("repo.sync.start")
            [delivery] = command.wait(event, 30 if lanes is None else 0.5)
            assert delivery.state == ("delivered" if lanes is None else "pending")
            backlog = [one for each in old for one in application.outbox.of_event(each.id)]
            assert {(one.state, one.attempts, one.lease) for one in backlog} == {("pending", 0, None)}
            if lanes:
                with EventBus.open(conf, deliver="background") as worker:
                    assert eventually(lambda: worker.outbox.stats().delivered == 51)
        ids = [request.headers["pulp-event-id"] for request in pulp_events_http_sink.requests]
        assert ids == [*(each.id for each in (old if lanes else ())), event.id]
