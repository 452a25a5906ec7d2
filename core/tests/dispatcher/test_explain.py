"""`bus.explain` says of each listener what `emit` would then do."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulp_events import UnknownEventType

listener = st.fixed_dictionaries(
    {
        "event_types": st.sampled_from(
            [["*"], ["repo.sync.start"], ["repo.*.start", "repo.sync.#"], ["repo.publish.*"]]
        ),
        "filter": st.sampled_from([None, "payload.a", "payload.a == `1`", "abs(payload.a) > `0`", "!payload.a"]),
        "enabled": st.booleans(),
    }
)
mute = st.sampled_from([None, "wait", "drop", "over"])


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    listeners=st.lists(st.tuples(listener, mute), max_size=5),
    event_type=st.sampled_from(["repo.sync.start", "repo.publish.start"]),
    payload=st.fixed_dictionaries({}, optional={"a": st.sampled_from([0, 1, "x", None, []])}),
    skip=st.booleans(),
)
def test_it_says_what_emit_does(open_bus, clock, scripted, listeners, event_type, payload, skip):
    bus = open_bus("inline", clock, while_disabled="skip" if skip else "wait")
    for old in bus.listeners.list():
        bus.listeners.delete(old.id)
    for number, (attributes, muted) in enumerate(listeners):
        made = bus.listeners.create("scripted", {"name": str(number)}, **attributes)
        if muted:
            bus.listeners.mute(made.id, 0.001 if muted == "over" else 60, drop=muted == "drop")
    clock.advance(1)
    said = {one.listener.id: one.gets for one in bus.explain(event_type, payload)}
    event = bus.emit(event_type, payload)
    bus.deliver_due()
    states = {one.listener_id: one.state for one in bus.outbox.of_event(event.id)}
    became = {"delivered": "yes", "pending": "later", "dead": "no", None: "no"}
    assert said == {one.id: became[states.get(one.id)] for one in bus.listeners.list()}


def test_each_cause_has_its_words(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    make = bus.listeners.create
    make("scripted", {"name": "a"}, ["repo.publish.*"])
    make("scripted", {"name": "b"}, ["*"], filter="payload.result == 'failed'")
    make("scripted", {"name": "c"}, ["*"], filter="abs(payload.result)")
    off = make("scripted", {"name": "d"}, ["*"])
    bus.listeners.disable(off.id, "moved")
    night = make("scripted", {"name": "e"}, ["*"])
    bus.listeners.mute(night.id, 60)
    make("scripted", {"name": "f"}, ["repo.sync.*"])
    found = bus.explain("repo.sync.start", {"result": "ok"})
    assert [(one.gets, one.cause) for one in found] == [
        ("no", "event type"), ("no", "filter"), ("yes", "all"),
        ("later", "disabled"), ("later", "muted"), ("yes", "all"),
    ]  # fmt: skip
    texts = [one.reason for one in found]
    assert texts[0] == "repo.publish.* does not match repo.sync.start"
    assert texts[1] == "the filter payload.result == 'failed' yields false, which is false"
    assert texts[2].startswith("* matches; the filter abs(payload.result) fails on this report, which lets it pass: ")
    assert texts[3] == "the listener is disabled (moved); it waits until the listener is enabled"
    assert texts[4].startswith("the listener is muted until ") and texts[5] == "repo.sync.* matches"
    assert bus.deliveries.list() == []


def test_what_emit_refuses_is_refused(open_bus, clock):
    with pytest.raises(UnknownEventType):
        open_bus("inline", clock).explain("repo.sink.start")
