"""Who gets an event is worked out once for each version of the records, and is right after every change."""

import random

import pytest

from pulp_events import EventType
from pulp_events.bus.audience import AUDIENCES, DROPPED, SKIPPED
from pulp_events.listeners import filters
from pulp_events.testing.clock import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def bus(recording_bus, clock):
    return recording_bus("[delivery]\nwhile_disabled = skip\n", deliver="external", clock=clock)


def expected(bus, clock, payload):
    """(listener, target, reason or None) of each delivery, by the words of the documents."""
    for listener in bus.listeners.list():
        if listener.filter == "payload.a" and not payload["a"]:
            continue
        if not listener.enabled:
            yield listener.id, "", SKIPPED
        elif listener.mute_drops and listener.muted_until.timestamp() > clock.time():
            yield listener.id, "", DROPPED
        else:
            yield listener.id, "", None


def test_after_any_change_the_next_event_goes_to_those_that_are_to_get_it(bus, clock):
    dice = random.Random(7)
    create = bus.listeners.create
    known = [create("recording", {}, ["*"]).id for _ in range(3)]
    for number in range(120):
        listener_id = dice.choice(known)
        act = dice.choice(
            [
                lambda: known.append(create("recording", {}, ["*"], filter=dice.choice([None, "payload.a"])).id),
                lambda: known.remove(bus.listeners.delete(listener_id).id) if len(known) > 2 else None,  # noqa: B023
                lambda: bus.listeners.update(listener_id, filter=dice.choice([None, "payload.a"])),  # noqa: B023
                lambda: bus.listeners.enable(listener_id),  # noqa: B023
                lambda: bus.listeners.disable(listener_id),  # noqa: B023
                lambda: bus.listeners.mute(listener_id, 30, drop=True),  # noqa: B023
                lambda: bus.listeners.unmute(listener_id),  # noqa: B023
                lambda: clock.advance(20),
            ]
        )
        act()
        payload = {"a": number % 2 == 0}
        event = bus.emit("repo.sync.start", payload)
        stored = bus.outbox.of_event(event.id)
        found = [(one.listener_id, one.target, one.state) for one in stored]
        wanted = [(who, target, "dead" if why else "pending") for who, target, why in expected(bus, clock, payload)]
        assert found == wanted, number


def test_a_filter_that_many_listeners_have_is_asked_once_for_each_event(bus, monkeypatch):
    from pulp_events.bus import audience

    with bus.listeners.together() as several:
        for _ in range(50):
            several.create("recording", {}, ["*"], filter="payload.a")
            several.create("recording", {}, ["*"], filter="payload.b")
    asked = []
    monkeypatch.setattr(
        audience, "passes", lambda one, report: asked.append(one.expression) or filters.passes(one, report)
    )
    event = bus.emit("repo.sync.start", {"a": True})
    assert len(bus.outbox.of_event(event.id)) == 50 and sorted(asked) == ["payload.a", "payload.b"]


def test_what_is_worked_out_is_kept_for_some_event_types_only(bus):
    bus.listeners.create("recording", {}, ["#"])
    for number in range(3 * AUDIENCES):
        bus.event_types.register(EventType(f"test.{number}", "one of many"))
        assert len(bus.outbox.of_event(bus.emit(f"test.{number}").id)) == 1
    assert len(bus._emitting.emitter._audiences._known) <= AUDIENCES
