"""Which spans there are, in which trace, with which times and attributes."""

import asyncio
import logging
from dataclasses import replace

import pytest
from marshmallow import Schema
from opentelemetry import trace
from opentelemetry.baggage import set_baggage
from opentelemetry.context import attach, detach
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags

import pulp_events_opentelemetry
from pulp_events import Channel, EventTooLarge, Notifier, PermanentFailure, StoreError, TransientFailure, hookimpl
from pulp_events.testing.clock import FakeClock
from pulp_events_opentelemetry.tracer import tracer

ID = "0af7651916cd43dd8448eb211c80319c"
KEEP = {"events": {"keep": "all"}}
PARENT = f"00-{ID}-b7ad6b7169203331-01"


class Failing(Notifier):
    """Fails as it is told to."""

    type_id = "failing"
    config_schema = Schema

    def __init__(self, *failures):
        self.failures, self.calls = list(failures), []

    def deliver(self, event, config):
        self.calls.append(event)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure


class Batches(Notifier):
    """Takes many at once."""

    type_id = "failing"
    config_schema = Schema

    def open(self, config, settings):
        return BatchChannel()


class BatchChannel(Channel):
    batch_size = 10

    def send_batch(self, deliveries):
        for each in deliveries:
            yield each, TransientFailure("odd") if each.event.payload["n"] % 2 else None


def hexadecimal(context):
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def test_emit_and_each_attempt_are_spans_of_the_applications_trace(opened, spans, application):
    clock = FakeClock()
    failing = Failing(TransientFailure("503 Service Unavailable\nbody"), TransientFailure("again"))
    with opened(failing, clock=clock, conf={"delivery": {"retry_schedule": "10s, 20s", "jitter": 0}}) as bus:
        listener = bus.listeners.create("failing", {}, ["repo.*.*"])
        with application.start_as_current_span("work") as work:
            event = bus.emit("repo.sync.start", {"repo_id": "x"})
        for _ in range(2):
            clock.advance(3600)
            bus.deliver_due()
        [delivery] = bus.deliveries.list()
        records = bus.deliveries.attempts(delivery.id)
    [emitted], attempts = spans("emit"), spans("deliver")
    assert emitted.name == "emit repo.sync.start" and emitted.kind is SpanKind.PRODUCER
    assert emitted.parent.span_id == work.get_span_context().span_id
    assert event.trace_context["traceparent"][3:52] == "-".join(hexadecimal(emitted.context))
    assert dict(emitted.attributes) == {
        "messaging.system": "pulp_events", "messaging.operation.name": "emit", "messaging.operation.type": "create",
        "messaging.destination.name": "repo.sync.start", "messaging.message.id": event.id,
    }  # fmt: skip
    assert [each.attributes["pulp_events.attempt.number"] for each in attempts] == [1, 2, 3]
    assert [each.attributes["pulp_events.attempt.outcome"] for each in attempts] == [
        "transient", "transient", "delivered"]  # fmt: skip
    assert [each.attributes["pulp_events.delivery.state"] for each in attempts] == ["pending", "pending", "delivered"]
    assert [each.attributes.get("error.type") for each in attempts] == ["transient", "transient", None]
    assert [each.status.description for each in attempts] == ["503 Service Unavailable", "again", None]
    assert [each.status.status_code for each in attempts] == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    for each, record in zip(attempts, records, strict=True):
        assert each.name == "deliver repo.sync.start" and each.kind is SpanKind.CLIENT
        assert each.context.trace_id == work.get_span_context().trace_id
        assert each.parent.span_id == emitted.context.span_id
        assert [link.context.span_id for link in each.links] == [emitted.context.span_id]
        assert abs(each.start_time / 1e9 - record.started.timestamp()) < 1e-4
        assert abs((each.end_time - each.start_time) / 1e9 - record.duration) < 1e-4
        assert each.attributes["messaging.destination.subscription.name"] == listener.id
        assert each.attributes["messaging.message.id"] == event.id
        assert each.attributes["pulp_events.delivery.id"] == delivery.id
    assert attempts[2].start_time - attempts[0].start_time >= 7200e9


def untraced(bus, retries=2, **event):
    """Emits outside of any trace, and attempts again and again; returns the event."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pulp_events_opentelemetry.emitting.trace", lambda event, settings: None)
        pulp_events_opentelemetry._emitting.cache_clear()
        event = bus.emit("repo.sync.start", {"repo_id": "x"}, **event)
    pulp_events_opentelemetry._emitting.cache_clear()
    for _ in range(retries):
        bus.clock.advance(3600)
        bus.deliver_due()
    assert not event.trace_context
    return event


def test_all_attempts_of_an_event_that_was_emitted_outside_of_any_trace_are_of_one_trace(opened, spans):
    clock, failing = FakeClock(), Failing(*[TransientFailure("503")] * 4)
    with opened(failing, clock=clock, conf={"delivery": {"retry_schedule": "10s, 20s", "jitter": 0}}) as bus:
        for _ in range(2):
            bus.listeners.create("failing", {}, ["repo.*.*"])
        events = [untraced(bus), untraced(bus, 0)]
    for event, attempts in zip(events, (6, 2), strict=True):
        those = [each for each in spans("deliver") if each.attributes["messaging.message.id"] == event.id]
        assert len(those) == attempts and len({each.context.trace_id for each in those}) == 1
        assert len({each.parent.span_id for each in those}) == 1 and not any(each.links for each in those)
    assert len({each.context.trace_id for each in spans("deliver")}) == 2


def test_whether_the_trace_of_such_an_event_is_recorded_is_the_samplers_to_say(opened, spans, monkeypatch):
    with opened(Failing(), clock=FakeClock()) as bus:
        tracer(bus.settings)  # which has the sampler of now for good
        monkeypatch.setattr(trace.get_tracer_provider(), "sampler", ParentBased(ALWAYS_OFF))
        bus.listeners.create("failing", {}, ["repo.*.*"])
        untraced(bus)
    assert spans("deliver") == []


def test_nothing_of_payload_or_target_is_in_a_span_and_a_detail_is_cut(opened, spans):
    class Several(Failing):
        def targets(self, config):
            return ["alice@example.com"]

    with opened(Several(PermanentFailure("x" * 2000))) as bus:
        bus.listeners.create("failing", {}, ["repo.*.*"])
        bus.emit("repo.sync.start", {"repo_id": "hidden-in-here"})
    assert "alice" not in str([each.to_json() for each in spans()])
    assert "hidden-in-here" not in str([each.to_json() for each in spans()])
    assert len(spans("deliver")[0].status.description) == 500


def test_without_a_current_span_each_event_is_a_trace_but_an_operation_is_one(opened, spans):
    with opened(Failing()) as bus:
        bus.listeners.create("failing", {}, ["repo.*.*"])
        bus.emit("repo.sync.start", {"repo_id": "x"})
        with bus.operation("repo.sync", {"repo_id": "x"}):
            pass
    first, start, finish = spans("emit")
    assert first.parent is None and start.parent is None
    assert first.context.trace_id != start.context.trace_id == finish.context.trace_id
    assert finish.parent.span_id == start.context.span_id


def test_an_operation_within_a_span_stays_with_that(opened, spans, application):
    with opened(conf=KEEP) as bus, application.start_as_current_span("work") as work, bus.operation("repo.sync", {}):
        pass
    assert {each.parent.span_id for each in spans("emit")} == {work.get_span_context().span_id}


@pytest.mark.parametrize("how", ["emit_many", "emit_async"])
def test_whatever_way_an_event_is_emitted(opened, spans, application, how):
    with opened(Failing()) as bus:
        bus.listeners.create("failing", {}, ["repo.*.*"])
        with application.start_as_current_span("work") as work:
            if how == "emit_many":
                events = bus.emit_many([("repo.sync.start", {"repo_id": "x"})] * 3)
            else:
                events = [asyncio.run(bus.emit_async("repo.sync.start", {"repo_id": "x"}))]
    assert len(spans("emit")) == len(spans("deliver")) == len(events)
    assert len({each.trace_context["traceparent"] for each in events}) == len(events)
    assert {each.context.trace_id for each in spans()} == {work.get_span_context().trace_id}


def test_what_is_sent_together_has_a_span_for_each(opened, spans):
    with opened(Batches(), deliver="external") as bus:
        bus.listeners.create("failing", {}, ["repo.*.*"])
        bus.emit_many([("repo.sync.start", {"repo_id": "x", "n": n}) for n in range(6)])
    with opened(Batches()) as bus:
        bus.deliver_due()
    emitted = {each.context.span_id: each for each in spans("emit")}
    assert len(emitted) == len(spans("deliver")) == 6
    assert {each.parent.span_id for each in spans("deliver")} == emitted.keys()
    assert sorted(each.attributes["pulp_events.attempt.outcome"] for each in spans("deliver")) == (
        ["delivered"] * 3 + ["transient"] * 3
    )


@pytest.mark.parametrize("deliver", ["background", "emitted"])
def test_threads_that_deliver(opened, spans, application, deliver):
    with opened(
        Failing(TransientFailure("once")), deliver=deliver, conf={"delivery": {"retry_schedule": "0.05s"}}
    ) as bus:
        bus.listeners.create("failing", {}, ["repo.*.*"])
        with application.start_as_current_span("work") as work:
            event = bus.emit("repo.sync.start", {"repo_id": "x"})
        assert [each.state for each in bus.wait(event, 30)] == ["delivered"]
    assert len(spans("deliver")) == 2  # closing ends what was told to observers
    assert {each.context.trace_id for each in spans()} == {work.get_span_context().trace_id}


def test_an_event_that_is_not_stored_has_no_span(opened, spans, application, monkeypatch):
    def full(*more):
        raise StoreError("full")

    with opened(Failing(), conf={"events": {"max_event_bytes": 2000}}) as bus:
        with application.start_as_current_span("work"):
            assert not bus.emit("repo.sync.start", {"repo_id": "x"}).trace_context  # nobody hears it
        bus.listeners.create("failing", {}, ["repo.*.*"])
        with pytest.raises(EventTooLarge):
            bus.emit("repo.sync.start", {"repo_id": "x" * 3000})
        monkeypatch.setattr(type(bus.outbox), "add", full)
        with pytest.raises(StoreError):
            bus.emit("repo.sync.start", {"repo_id": "x"})
    assert spans("emit") == []


def test_it_makes_no_event_wanted(opened, spans):
    with opened() as bus:
        assert not bus.is_wanted("repo.sync.start")
        bus.emit("repo.sync.start", lambda: pytest.fail("nobody needs it"))
    assert spans() == []


def test_the_same_id_again_has_no_second_span(opened, spans, application):
    with opened() as bus:
        first = bus.emit("repo.sync.start", {"repo_id": "x"}, id="chosen")
        with application.start_as_current_span("later"):
            assert bus.emit("repo.sync.start", {"repo_id": "x"}, id="chosen").trace_id == first.trace_id
    assert len(spans("emit")) == 1


def test_what_is_given_to_emit_is_the_parent_unless_the_current_span_is_of_that_trace(opened, spans, application):
    with opened(conf=KEEP) as bus, application.start_as_current_span("other"):
        event = bus.emit("repo.sync.start", {"repo_id": "x"}, trace_context={"traceparent": PARENT})
    assert event.trace_id == ID and f"{spans('emit')[0].parent.span_id:016x}" == "b7ad6b7169203331"


def test_a_remote_trace_that_is_not_sampled_is_passed_on_and_records_nothing(opened, spans):
    with opened(Failing()) as bus:
        bus.listeners.create("failing", {}, ["repo.*.*"])
        remote = SpanContext(int(ID, 16), 7, is_remote=True, trace_flags=TraceFlags(0))
        token = attach(trace.set_span_in_context(trace.NonRecordingSpan(remote)))
        try:
            event = bus.emit("repo.sync.start", {"repo_id": "x"})
        finally:
            detach(token)
    assert event.trace_id == ID and event.trace_context["traceparent"].endswith("-00") and spans() == []


def test_baggage_stays_here(opened):
    token = attach(set_baggage("user", "alice"))
    try:
        with opened(conf=KEEP) as bus:
            assert bus.emit("repo.sync.start", {"repo_id": "x"}).trace_context.keys() == {"traceparent"}
    finally:
        detach(token)


def test_another_plugin_may_change_the_event_before_or_after(opened, spans):
    class Adding:
        @hookimpl
        def pulp_before_emit(self, event):
            return replace(event, payload={**event.payload, "added": 1})

    with opened(Adding(), Failing()) as bus:
        bus.listeners.create("failing", {}, ["repo.*.*"])
        event = bus.emit("repo.sync.start", {"repo_id": "x"})
    assert event.payload["added"] == 1 and event.trace_id
    assert [each.attributes["messaging.message.id"] for each in spans()] == [event.id] * 2


def test_a_tracer_that_raises_keeps_nothing_from_being_emitted_and_delivered(opened, monkeypatch, caplog):
    from pulp_events_opentelemetry import tracer

    class Broken:
        def start_span(self, *more, **named):
            raise RuntimeError("broken")

    monkeypatch.setattr(tracer, "_tracer", Broken())
    failing = Failing()
    with opened(failing) as bus, caplog.at_level(logging.ERROR):
        bus.listeners.create("failing", {}, ["repo.*.*"])
        bus.emit("repo.sync.start", {"repo_id": "x"})
    assert len(failing.calls) == 1 and "pulp_trace_context failed" in caplog.text
