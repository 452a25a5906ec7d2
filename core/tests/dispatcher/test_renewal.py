"""A changed configuration ends the waits that the old one led to, whoever changes it, and where."""

import json
import random
import threading
import time

import pytest

from pulp_events import TransientFailure
from pulp_events.dispatcher import circuit
from pulp_events.dispatcher.renewal import mark, same
from pulp_events.outbox.spread import LONGEST
from pulp_events.outbox.standing import HoldCause

HOURS = 36000


@pytest.fixture
def failing(open_bus, clock, deliver, settle, scripted):
    """A bus, and a listener whose delivery waits ten hours for its next attempt."""
    bus = open_bus(deliver, clock, random=random.Random(5), retry_schedule="10h, 10h", jitter=0)
    scripted.behaviour["down"] = scripted.refuse
    listener = bus.listeners.create("scripted", {"name": "down"}, ["*"], name="chat")
    bus.emit("repo.sync.start")
    settle(bus)
    assert waits(bus, clock) > HOURS - 60
    return bus, listener


def waits(bus, clock):
    [delivery] = bus.deliveries.list()
    return 0.0 if delivery.due is None else delivery.due.timestamp() - clock.time()


def edit_by_hand(bus, change):
    """As an editor does that replaces the file; what was read of it holds for a millisecond."""
    path, before = bus.data_dir / "listeners.json", bus._index.version
    content = json.loads(path.read_text())
    [table] = [table for name, table in content.items() if name == "listeners"] or [content["_default"]]
    for record in table.values():
        change(record)
    edited = path.with_name("edited")
    edited.write_text(json.dumps(content))
    edited.replace(path)
    until = time.monotonic() + 30
    while bus._index.version == before:
        assert time.monotonic() < until, "the edit is not noticed"
        time.sleep(0.001)


CHANGES = {
    "configuration": lambda bus, each: bus.listeners.update(each.id, {"name": "up"}),
    "secret": lambda bus, each: bus.listeners.update(each.id, {"token": "another"}),
    "schedule": lambda bus, each: bus.listeners.update(each.id, retry_schedule=[600.0]),
    "timeout": lambda bus, each: bus.listeners.update(each.id, timeout=3.0),
    "disabled and enabled": lambda bus, each: (bus.listeners.disable(each.id), bus.listeners.enable(each.id)),
    "by hand": lambda bus, each: edit_by_hand(bus, lambda record: record["notifier_config"].update(name="up")),
}


@pytest.mark.sample(4)
@pytest.mark.parametrize("change", CHANGES)
def test_what_waits_is_due_within_a_minute(failing, clock, settle, scripted, eventually, deliver, change):
    bus, listener = failing
    clock.advance(1)
    CHANGES[change](bus, listener)
    scripted.behaviour.clear()
    if deliver == "inline":
        settle(bus)
    eventually(lambda: waits(bus, clock) <= LONGEST)
    clock.advance(LONGEST + 1)
    eventually(lambda: settle(bus) or bus.deliveries.stats().delivered == 1)
    [delivery] = bus.deliveries.list()
    assert delivery.attempts == 2, "attempts still count"


@pytest.mark.parametrize("change", CHANGES)
def test_also_if_nobody_delivers_while_it_is_changed(failing, clock, deliver, settle, open_bus, eventually, change):
    bus, listener = failing
    bus.close()
    onlooker = open_bus("external", clock, retry_schedule="10h, 10h", jitter=0)
    CHANGES[change](onlooker, listener)
    assert (waits(onlooker, clock) > HOURS - 60) == (change != "disabled and enabled"), "enabling needs nobody's help"
    later = open_bus(deliver, clock, retry_schedule="10h, 10h", jitter=0)
    if deliver == "inline":
        settle(later)
    eventually(lambda: waits(onlooker, clock) <= LONGEST)


def test_also_if_whoever_delivers_meets_the_enabled_listener_first(failing, clock, settle, monkeypatch):
    bus, listener = failing
    forget = bus.outbox.forget_health

    def meet_first(listener_id):
        bus.dispatcher.look_soon()
        settle(bus)
        forget(listener_id)

    monkeypatch.setattr(bus.outbox, "forget_health", meet_first)
    bus.listeners.disable(listener.id)
    bus.listeners.enable(listener.id)
    assert waits(bus, clock) <= LONGEST


@pytest.mark.parametrize(
    "options",
    [{"labels": {"team": "ops"}}, {"filter": "payload"}, {"description": "of ops"}, {"lanes": 2}, {"rate": "9/s"}],
)
def test_what_cannot_make_it_succeed_ends_no_wait(failing, clock, settle, deliver, options, monkeypatch):
    bus, listener = failing
    bus.listeners.update(listener.id, **options)
    keeper, looked = bus.dispatcher._timekeeper, threading.Event()
    look = keeper.look
    monkeypatch.setattr(keeper, "look", lambda: (look(), looked.set()))
    bus.dispatcher.look_soon()
    assert deliver == "inline" or looked.wait(30)
    settle(bus)
    assert looked.is_set()
    assert waits(bus, clock) > HOURS - 60


def test_nothing_is_due_because_somebody_else_delivers(failing, clock, settle, open_bus, deliver, eventually):
    bus, _ = failing
    bus.close()
    for _ in range(2):
        later = open_bus(deliver, clock, retry_schedule="10h, 10h", jitter=0)
        settle(later)
        eventually(lambda later=later: later.dispatcher._timekeeper._next_look)  # it has looked
        settle(later)
        assert waits(later, clock) > HOURS - 60
        later.close()


def test_a_mute_holds_all_the_same(failing, clock, settle, scripted, deliver):
    bus, listener = failing
    bus.listeners.mute(listener.id, 3600)
    bus.listeners.update(listener.id, {"name": "up"})
    clock.advance(LONGEST + 1)
    settle(bus)
    assert scripted.sent("up") == []


def test_an_attempt_that_fails_by_a_configuration_that_was_changed_meanwhile_is_soon_followed_by_another(
    open_bus, clock, deliver, settle, scripted
):
    bus = open_bus(deliver, clock, retry_schedule="10h", jitter=0)
    listener = bus.listeners.create("scripted", {"name": "down"}, ["*"])
    bus.listeners.update(listener.id, {"name": "late"})

    def change_and_fail(delivery, channel):
        bus.listeners.update(listener.id, {"name": "up"})
        raise TransientFailure("503 of the old address")

    scripted.behaviour["late"] = change_and_fail
    bus.emit("repo.sync.start")
    settle(bus)
    assert waits(bus, clock) <= LONGEST
    assert bus.dispatcher._routes.get(listener.id).circuit.failures == 0, "it says nothing of the new address"


def test_the_circuit_is_closed_and_the_hold_that_others_see_is_over(
    open_bus, clock, settle, deliver, scripted, monkeypatch
):
    monkeypatch.setattr(circuit, "FIRST_PAUSE", 600.0)  # which is not over in the end
    bus = open_bus(deliver, clock, retry_schedule="10h", jitter=0)
    scripted.behaviour["down"] = scripted.refuse
    listener = bus.listeners.create("scripted", {"name": "down"}, ["*"])
    for _ in range(6):
        bus.emit("repo.sync.start")
        settle(bus)
    hold = bus.outbox.standing([listener.id])[listener.id].hold
    assert hold.cause is HoldCause.CIRCUIT and 0 < hold.until - clock.time() <= 600
    edit_by_hand(bus, lambda record: record["notifier_config"].update(name="up"))
    bus.emit("repo.sync.start")
    clock.advance(LONGEST + 6)
    settle(bus)
    assert len(scripted.sent("up")) >= 1
    assert bus.outbox.standing([listener.id])[listener.id].hold is None


def test_marks_tell_apart_what_is_not_the_same_and_hold_no_secret(failing):
    bus, listener = failing
    drafts = [
        bus.listeners.draft_update(listener.id, {"token": "hunter2"}),
        bus.listeners.draft_update(listener.id, timeout=5.0),
        bus.listeners.draft_update(listener.id, retry_schedule=[1.0]),
        bus.listeners.draft_update(listener.id, description="of ops"),
    ]
    assert [same(listener, each) for each in drafts] == [False, False, False, True]
    assert len({mark(each) for each in drafts}) == 4 and mark(drafts[3]) == mark(listener)
    assert all(len(mark(each)) == 6 for each in drafts)
