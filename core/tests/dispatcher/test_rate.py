"""A listener with a rate: how much all that deliver attempt in a time, and what becomes of the rest."""

import time
from datetime import timedelta

import pytest

from pulp_events import InvalidConfig, TransientFailure


def test_no_more_is_attempted_than_the_rate_allows_and_the_rest_as_time_passes(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="2/m")
    bus.listeners.create("scripted", {"name": "other"}, ["*"])
    events = [bus.emit("repo.sync.start") for _ in range(4)]
    assert len(scripted.sent("slow")) == 1 and len(scripted.sent("other")) == 4
    for expected in (2, 3, 4):
        clock.advance(29)
        bus.deliver_due()
        assert len(scripted.sent("slow")) == expected - 1
        clock.advance(1.01)
        bus.deliver_due()
        assert len(scripted.sent("slow")) == expected
    assert scripted.sent("slow") == [event.id for event in events]
    assert bus.outbox.stats().pending == 0


def test_retries_take_their_turn_too(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1s,1s,1s", jitter=0)
    scripted.behaviour["slow"] = scripted.refuse
    bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="1/m")
    bus.emit("repo.sync.start")
    for expected in (1, 2, 3):
        bus.deliver_due()
        assert len(scripted.calls) == expected
        clock.advance(50)
        bus.deliver_due()
        assert len(scripted.calls) == expected
        clock.advance(11)


@pytest.mark.parametrize("lanes", [1, 4])
def test_two_processes_share_the_rate(open_bus, clock, scripted, lanes):
    one = open_bus("external", clock)
    one.listeners.create("scripted", {"name": "slow"}, ["*"], rate="1/s", lanes=lanes)
    two = open_bus("inline", clock)
    three = open_bus("inline", clock)
    one.emit_many([("repo.sync.start", None)] * 20)
    for second in range(10):
        for _ in range(4):
            two.deliver_due()
            three.deliver_due()
            clock.advance(0.25)
        assert second + 1 <= len(scripted.calls) <= second + 2


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_is_set_neither_stalls_nor_floods(open_bus, clock, scripted, jump):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="1/s")
    for _ in range(10):
        bus.emit("repo.sync.start")
    clock.jump(jump)
    bus.deliver_due()
    assert len(scripted.calls) <= 2
    before = len(scripted.calls)
    for _ in range(4):
        clock.advance(1.1)
        bus.deliver_due()
    assert before + 3 <= len(scripted.calls) <= before + 5


def test_another_rate_holds_from_the_next_attempt_on(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    listener = bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="1/d")
    for _ in range(5):
        bus.emit("repo.sync.start")
    assert len(scripted.calls) == 1
    bus.listeners.update(listener.id, rate="1/s")
    bus.deliver_due()
    assert len(scripted.calls) == 1
    clock.advance(1.2)
    bus.deliver_due()
    assert len(scripted.calls) == 2
    bus.listeners.update(listener.id, rate=None)
    bus.deliver_due()
    assert len(scripted.calls) == 5


def test_threads_keep_to_the_rate(open_bus, scripted):
    bus = open_bus("background")
    bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="50/s")
    bus.emit_many([("repo.sync.start", None)] * 25)
    start = time.monotonic()
    assert bus.dispatcher.drain(20)
    took = time.monotonic() - start
    assert len(scripted.calls) == 25 and took > 0.35, "five at once, and one each 20 ms"


def test_all_that_is_due_is_made_at_the_rate_unless_that_takes_too_long(open_bus, scripted):
    bus = open_bus("background")
    bus.listeners.create("scripted", {"name": "hourly"}, ["*"], rate="1/h")
    bus.emit_many([("repo.sync.start", None)] * 3)
    assert bus.dispatcher.drain(10)
    assert len(scripted.calls) == 1 and bus.outbox.stats().pending == 2


def test_what_is_given_back_takes_no_token(open_bus, clock, scripted):
    """Its receiver asks for time: what was claimed and not begun is released."""
    bus = open_bus("inline", clock)

    def busy(delivery, channel):
        raise TransientFailure("429", retry_after=10)

    scripted.behaviour["slow"] = busy
    bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="100/s")
    bus.emit_many([("repo.sync.start", None)] * 50)
    bus.deliver_due()
    scripted.behaviour.clear()
    assert len(scripted.calls) == 1
    clock.advance(10.1)
    bus.deliver_due()
    assert len(scripted.calls) == 1 + 6


@pytest.mark.parametrize("rate", ["10", "0/s", "-1/s", "1.5/s", "10/x", "10 per s", "9999999/s", 10, timedelta(1), ""])
def test_what_is_no_rate_is_refused(open_bus, clock, rate):
    bus = open_bus("inline", clock)
    with pytest.raises(InvalidConfig, match="rate"):
        bus.listeners.create("scripted", {"name": "n"}, ["*"], rate=rate)


def test_explain_names_the_rate(open_bus, clock):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "n"}, ["*"], rate="10/s", expires=600)
    [found] = bus.explain("repo.sync.start")
    assert (found.gets, found.reason) == ("yes", "* matches; its rate is 10/s; it expires after 10m")
