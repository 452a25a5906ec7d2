"""`pulp_trace_context`: plugins that say in which trace an event is emitted, and are told when it is stored."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from pulp_events import EventConflict, EventTooLarge, StoreError, hookimpl
from pulp_events.events.trace_context import Traced
from pulp_events.testing import open_bus
from pulp_events.testing.clock import FakeClock

ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{ID}-b7ad6b7169203331-01"
PAYLOAD = {"repo_id": "a"}


class Tracing:
    """Returns what the test wants, or raises it, and notes for which events, and which of them were stored."""

    def __init__(self, wanted=None):
        self.wanted = wanted
        self.asked, self.stored = [], []

    @hookimpl
    def pulp_trace_context(self, event, settings):
        self.asked.append(event)
        if isinstance(self.wanted, BaseException):
            raise self.wanted
        if self.wanted is not None:
            return self.wanted
        return Traced({"traceparent": PARENT}, lambda: self.stored.append(event.id))


@pytest.fixture
def tracing():
    return Tracing()


@pytest.fixture
def bus(tmp_path, recording, tracing):
    with open_bus(tmp_path, tracing, recording, deliver="external", conf={"events": {"max_event_bytes": 2000}}) as bus:
        yield bus


@pytest.fixture
def heard(bus):
    bus.listeners.create("recording", {}, ["repo.#"])
    return bus


def test_it_makes_no_event_wanted_and_is_not_asked_about_one_that_is_not_stored(bus, tracing):
    assert not bus.is_wanted("repo.sync.start")
    event = bus.emit("repo.sync.start", lambda: pytest.fail("nobody needs it"))
    bus.listeners.create("recording", {}, ["repo.sync.*"], filter="payload.repo_id == 'b'")
    assert not bus.emit("repo.sync.start", PAYLOAD).trace_context and not event.trace_context
    with pytest.raises(EventTooLarge):
        bus.emit("repo.sync.start", {"repo_id": "x" * 3000})
    assert not tracing.asked


@pytest.mark.parametrize("how", ["emit", "emit_many", "kept", "chosen id"])
def test_what_it_says_is_stored_with_the_event_and_it_is_told_once(bus, tracing, how):
    if how != "chosen id":
        bus.listeners.create("recording", {}, ["repo.#"])
    if how == "emit_many":
        events = bus.emit_many([("repo.sync.start", PAYLOAD)] * 3)
    else:
        events = [bus.emit("repo.sync.start", PAYLOAD, id="mine" if how == "chosen id" else None)]
    assert {each.trace_id for each in events} == {bus.events.get(each.id).trace_id for each in events} == {ID}
    assert {each.trace_id for each in bus.deliveries.list()} <= {ID}
    assert tracing.stored == [each.id for each in events] == [each.id for each in tracing.asked]


def test_the_event_that_it_is_given_is_the_one_that_emit_returns_as_others_changed_it(tmp_path, recording, tracing):
    class Adding:
        @hookimpl
        def pulp_before_emit(self, event):
            return replace(event, payload={**event.payload, "added": 1})

    with open_bus(tmp_path, tracing, recording, Adding(), deliver="external") as bus:
        bus.listeners.create("recording", {}, ["repo.#"])
        event = bus.emit("repo.sync.start", PAYLOAD)
    assert event is tracing.asked[0] and event.payload["added"] == 1 and event.trace_id == ID


def test_it_is_not_told_of_what_was_there_already_or_could_not_be_stored(heard, tracing, monkeypatch):
    first = heard.emit("repo.sync.start", PAYLOAD, id="mine")
    tracing.wanted = Traced({"traceparent": PARENT.replace("0af", "1af")}, lambda: tracing.stored.append("again"))
    assert heard.emit("repo.sync.start", PAYLOAD, id="mine").trace_context == first.trace_context
    with pytest.raises(EventConflict):
        heard.emit("repo.sync.start", {"repo_id": "other"}, id="mine")

    def full(*more):
        raise StoreError("full")

    monkeypatch.setattr(type(heard.outbox), "add", full)
    with pytest.raises(StoreError):
        heard.emit("repo.sync.start", PAYLOAD)
    assert tracing.stored == ["mine"]


@pytest.mark.parametrize(
    "wanted",
    [ValueError("broken"), SystemExit(3), "x", {"traceparent": PARENT}, Traced(None), Traced({"traceparent": "x"}),
     Traced({}, "no function"), Traced({}, lambda: 1 // 0)],
    ids=["raises", "exits", "text", "a mapping", "no context", "a wrong context", "no function", "raises later"],
)  # fmt: skip
def test_whatever_it_does_the_event_is_stored_in_the_trace_that_it_was_given(heard, tracing, caplog, wanted):
    tracing.wanted = wanted
    given = {"traceparent": PARENT.replace("0af", "1af"), "tracestate": "a=1"}
    event = heard.emit("repo.sync.start", PAYLOAD, trace_context=given)
    assert event.trace_context == heard.events.get(event.id).trace_context == given
    fine = isinstance(wanted, Traced) and wanted.stored is None
    assert ("pulp_trace_context" in caplog.text) is not fine


def test_of_several_each_is_given_what_the_one_before_it_said(tmp_path, recording):
    first, last = Tracing(), Tracing(Traced({"traceparent": PARENT.replace("0af", "1af"), "tracestate": " a=1"}))
    with open_bus(tmp_path, first, last, recording, deliver="external") as bus:
        bus.listeners.create("recording", {}, ["repo.#"])
        seen = []
        last.asked = SimpleNamespace(append=lambda event: seen.append(event.trace_id))
        event = bus.emit("repo.sync.start", PAYLOAD)
        assert seen == [ID] and first.stored == [event.id]
        assert bus.events.get(event.id).trace_context["tracestate"] == "a=1" and event.trace_id.startswith("1af")


def test_events_about_events_are_traced_too(tmp_path, recording, tracing):
    clock = FakeClock()
    with open_bus(tmp_path, tracing, recording, clock=clock) as bus:
        bus.listeners.create("recording", {}, ["listener.changed"])
        bus.deliver_due()
        bus.listeners.create("recording", {}, ["repo.#"], name="other")
        clock.advance(11)
        bus.deliver_due()
        stored = bus.events.list()
        assert {each.event_type for each in stored} == {"listener.changed"} and {each.trace_id for each in stored} == {
            ID
        }
        assert sorted(tracing.stored) == sorted(each.id for each in stored)
        assert {each.trace_id for each, _ in recording.calls} == {ID}
