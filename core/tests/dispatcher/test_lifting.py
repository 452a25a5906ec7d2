"""A retry is now: it ends the waits that the dispatcher itself makes, in whichever process that is."""

import pytest

from pulp_events import Author, SettingsError, TransientFailure
from pulp_events.dispatcher import circuit
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.standing import HoldCause
from pulp_events.outbox.states import State

PENDING = DeliveryQuery(state=State.PENDING)


@pytest.fixture
def held(open_bus, clock, deliver, settle, scripted, eventually, monkeypatch):
    """Has a listener's circuit opened, or its receiver ask for an hour, or a secret unreadable, with five more
    deliveries that wait."""

    monkeypatch.setattr(circuit, "FIRST_PAUSE", 300.0)  # no probe is due while a test looks

    def hold(cause):
        bus = open_bus(deliver, clock, retry_schedule="10h, 10h", jitter=0)

        def ask(delivery, channel):
            raise TransientFailure("429 Too Many Requests", retry_after=3600)

        def unreadable(delivery, channel):
            raise SettingsError("token: the file cannot be read")

        behaviour = {HoldCause.PAUSE: ask, HoldCause.SECRET: unreadable, HoldCause.CIRCUIT: scripted.refuse}
        scripted.behaviour["down"] = behaviour[cause]
        listener = bus.listeners.create("scripted", {"name": "down"}, ["*"], name="chat")
        for _ in range(5 if cause is HoldCause.CIRCUIT else 1):
            bus.emit("repo.sync.start")
            settle(bus)
        for _ in range(5):
            bus.emit("repo.sync.start")
        settle(bus)

        def is_noted():
            hold = bus.outbox.standing([listener.id])[listener.id].hold
            return hold is not None and hold.cause is cause

        eventually(is_noted)
        assert bus.deliveries.stats().pending == len(scripted.calls) + 5
        return bus, listener

    return hold


@pytest.mark.sample(6)
@pytest.mark.parametrize("cause", HoldCause)
@pytest.mark.parametrize("choice", ["all", "listener", "ids of what is due"])
def test_what_waits_for_a_circuit_or_a_pause_is_attempted_now(
    held, settle, scripted, eventually, open_bus, clock, cause, choice
):
    bus, listener = held(cause)
    scripted.behaviour.clear()
    elsewhere = open_bus("external", clock)
    ids = [each.id for each in bus.deliveries.list(PENDING) if not each.attempts]
    query = {
        "all": PENDING,
        "listener": DeliveryQuery(state=State.PENDING, listener_id="chat"),
        "ids of what is due": DeliveryQuery(state=State.PENDING, ids=ids),
    }[choice]
    expected = 5 if choice == "ids of what is due" else bus.deliveries.stats().pending
    assert elsewhere.deliveries.count_retried(query) == expected
    assert sum(elsewhere.deliveries.retry(query)) == expected
    eventually(lambda: (settle(bus), bus.deliveries.stats().delivered == expected)[1])
    assert bus.outbox.standing([listener.id])[listener.id].hold is None
    assert sum(elsewhere.deliveries.retry(query)) == 0


def test_an_endpoint_that_is_still_down_is_tried_once_for_each_retry(held, settle, scripted, eventually):
    bus, listener = held(HoldCause.CIRCUIT)
    for more in (1, 2):
        assert sum(bus.deliveries.retry(PENDING)) >= 5
        eventually(lambda more=more: (settle(bus), len(scripted.calls) == 5 + more)[1])
        eventually(lambda: bus.outbox.standing([listener.id])[listener.id].hold is not None)
        assert len(scripted.calls) == 5 + more, "the one that failed told enough"


def test_a_retry_during_the_probe_is_not_lost(held, settle, scripted, eventually):
    bus, listener = held(HoldCause.CIRCUIT)

    def retry_and_fail(delivery, channel):
        scripted.behaviour.clear()
        sum(bus.deliveries.retry(PENDING))
        raise TransientFailure("503 once more")

    scripted.behaviour["down"] = retry_and_fail
    sum(bus.deliveries.retry(PENDING))
    eventually(lambda: (settle(bus), bus.deliveries.stats().delivered >= 9)[1])


def test_a_retry_of_what_is_dead_or_was_delivered_ends_the_hold_too(held, settle, scripted, eventually):
    bus, listener = held(HoldCause.CIRCUIT)
    [one] = bus.deliveries.list(PENDING, limit=1)
    sum(bus.deliveries.discard(DeliveryQuery(ids=[one.id]), "gone"))
    scripted.behaviour.clear()
    assert sum(bus.deliveries.retry(DeliveryQuery(state=State.DEAD, listener_id="chat"))) == 1
    eventually(lambda: (settle(bus), bus.deliveries.get(one.id).state == State.DELIVERED)[1])


def test_the_retry_of_one_listener_leaves_the_hold_of_another(held, settle, scripted, eventually):
    bus, listener = held(HoldCause.CIRCUIT)
    other = bus.listeners.create("scripted", {"name": "other"}, ["*"], name="other")
    sum(bus.deliveries.retry(DeliveryQuery(state=State.PENDING, listener_id=other.id)))
    settle(bus)
    assert len(scripted.sent("down")) == 5 and bus.outbox.standing([listener.id])[listener.id].hold is not None


def test_an_older_retry_says_nothing_about_a_pause_that_is_asked_for_later(held, settle, scripted, eventually, clock):
    bus, listener = held(HoldCause.PAUSE)
    asks, _ = scripted.behaviour.pop("down"), sum(bus.deliveries.retry(PENDING))
    eventually(lambda: (settle(bus), bus.deliveries.stats().delivered == 6)[1])
    sum(bus.deliveries.retry(DeliveryQuery(state=State.DELIVERED)))  # while nothing is held
    eventually(lambda: (settle(bus), bus.deliveries.stats().delivered == 12)[1])
    scripted.behaviour["down"] = asks
    clock.advance(2 * 3600)
    bus.emit("repo.sync.start")
    settle(bus)
    made = len(scripted.calls)
    bus.emit("repo.sync.start")
    settle(bus)
    assert len(scripted.calls) == made


def test_an_untrusted_author_ends_no_hold(held, settle, scripted):
    bus, listener = held(HoldCause.PAUSE)
    author = Author("mallory", trusted=False)
    deliveries = bus.deliveries.by(author)
    deliveries._seen_by = lambda author: [listener]
    assert deliveries.count_retried(PENDING) == sum(deliveries.retry(PENDING)) == 1, "its schedule alone"
    settle(bus)
    assert len(scripted.calls) == 1


def test_a_mute_holds_all_the_same(held, settle, scripted):
    bus, listener = held(HoldCause.CIRCUIT)
    bus.listeners.mute(listener.id, 3600)
    scripted.behaviour.clear()
    sum(bus.deliveries.retry(PENDING))
    settle(bus)
    assert len(scripted.calls) == 5
