"""Spans of messages that are under way together on one connection: each has its own, in the trace of its event."""

from __future__ import annotations

import pytest

testing = pytest.importorskip("pulp_events_amqp.testing")

COUNT = 60


@pytest.fixture
def broker():
    with testing.AmqpBroker() as broker:
        yield broker


@pytest.mark.parametrize(("outcome", "delivered"), [("accept", True), ("reject", False)])
def test_each_message_of_a_pipeline_has_a_span_in_the_trace_that_leaves_with_it(
    opened, spans, application, broker, outcome, delivered
):
    from pulp_events_amqp.notifier import AmqpNotifier

    broker.faults.outcome = outcome
    conf = {"messaging": {"url": broker.url}}
    events = []
    with opened(AmqpNotifier(), deliver="external", conf=conf) as bus:
        bus.listeners.create("amqp", {"exchange": "pulp"}, ["repo.#"])
        for number in range(3):
            with application.start_as_current_span(f"work {number}"):
                events += bus.emit_many([("repo.sync.start", {"repo_id": "x"})] * (COUNT // 3))
    with opened(AmqpNotifier(), conf=conf) as bus:
        bus.deliver_due()
    sent = broker.wait_for(COUNT)
    assert {each.properties["traceparent"] for each in sent} >= {each.trace_context["traceparent"] for each in events}
    emitted = {each.context.span_id: each for each in spans("emit")}
    attempts = spans("deliver")
    assert len(attempts) == len(emitted) == COUNT and {each.parent.span_id for each in attempts} == emitted.keys()
    assert len({each.context.trace_id for each in attempts}) == 3
    for each in attempts:
        event = emitted[each.parent.span_id]
        assert (
            each.context.trace_id == event.context.trace_id and each.links[0].context.span_id == event.context.span_id
        )
        assert each.attributes["messaging.message.id"] == event.attributes["messaging.message.id"]
        assert (each.attributes["pulp_events.attempt.outcome"] == "delivered") is delivered
        assert each.end_time > each.start_time
    starts, ends = [each.start_time for each in attempts], [each.end_time for each in attempts]
    assert sum(start < min(ends) for start in starts) > 1  # they were under way together
