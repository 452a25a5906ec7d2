"""A process tells the store that it is at work, at no cost to its work."""

import logging

import pytest

from pulp_events.dispatcher.heartbeat import Heartbeat
from pulp_events.errors import StoreError
from pulp_events.outbox.presence import INTERVAL, SILENT, Kind
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock


class Noting:
    def __init__(self):
        self.beats, self.left, self.error = [], [], None

    def beat(self, beat):
        if self.error is not None:
            raise self.error
        self.beats.append(beat)

    def leave(self, id):
        self.left.append(id)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def outbox():
    return Noting()


@pytest.fixture
def heart(outbox, clock):
    return Heartbeat(outbox, Plugins(), clock, clock.monotonic())


def test_beats_are_spread_and_never_so_rare_that_one_lost_makes_it_gone(heart, outbox, clock):
    gaps, last = [], clock.monotonic()
    for _ in range(4000):
        if heart.is_due(clock.monotonic()):
            gaps.append(clock.monotonic() - last)
            last = clock.monotonic()
            heart.beat(delivers=True)
        clock.advance(0.5)
    assert gaps[0] == 0 and len(outbox.beats) == len(gaps) > 50
    assert 0.7 * INTERVAL < min(gaps[1:]) < INTERVAL < max(gaps) < 1.3 * INTERVAL < SILENT / 3
    assert len({one.id for one in outbox.beats}) == 1


@pytest.mark.parametrize("error", [StoreError("the disk is full"), RuntimeError("a plugin's mistake")])
def test_a_beat_that_cannot_be_stored_disturbs_nothing_and_is_logged_once(heart, outbox, caplog, error):
    outbox.error = error
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            heart.beat(delivers=True)
    assert [record.levelname for record in caplog.records] == ["WARNING"] and str(error) in caplog.text
    outbox.error = None
    heart.beat(delivers=True)
    assert len(outbox.beats) == 1


def test_who_never_told_anything_need_not_leave_and_who_left_tells_nothing_more(heart, outbox, clock):
    Heartbeat(outbox, Plugins(), clock, 0.0).end()
    assert outbox.left == []
    heart.beat(delivers=True)
    heart.end()
    assert outbox.left == [outbox.beats[0].id]
    heart.beat(delivers=True)
    assert len(outbox.beats) == 1


def test_a_worker_says_at_once_that_it_is_one(heart, outbox, clock):
    heart.beat(delivers=True)
    assert not heart.is_due(clock.monotonic())
    heart.become_worker()
    assert heart.is_due(clock.monotonic())
    heart.beat(delivers=True)
    assert [one.kind for one in outbox.beats] == [Kind.APPLICATION, Kind.WORKER]


def test_a_worker_that_reads_server_conf_again_began_when_its_process_did(heart, outbox, clock):
    began = heart.become_worker()
    clock.advance(100)
    again = Heartbeat(outbox, Plugins(), clock, clock.monotonic())
    assert again.become_worker(began) == began
    again.beat(delivers=True)
    assert outbox.beats[-1].uptime == clock.monotonic() - began >= 100


def test_threads_that_deliver_are_seen_with_what_they_have_in_flight_until_the_bus_closes(
    open_bus, scripted, eventually
):
    bus = open_bus(concurrency=4)
    scripted.behaviour["slow"] = scripted.hang
    bus.listeners.create("scripted", {"name": "slow", "to": ["a", "b"]}, ["repo.sync.*"])
    bus.emit("repo.sync.start")
    eventually(lambda: scripted.calls)
    bus.heartbeat.appear()  # else it tells with its next beat, in twenty seconds, if one was made before
    [seen] = eventually(lambda: [one for one in bus.workers() if one.in_flight])
    assert (seen.kind, seen.delivers, seen.gone) == (Kind.APPLICATION, True, False)
    assert seen.notifier_types == ["scripted"] and seen.plugins == {"scripted": ""}
    assert 1 <= seen.in_flight <= 2
    looking = open_bus("external")
    scripted.released.set()
    bus.close()
    assert looking.workers() == []


@pytest.mark.parametrize(("deliver", "delivers"), [("external", False), ("inline", True)])
def test_a_process_without_threads_is_seen_when_it_emits_unless_it_is_a_short_command(open_bus, deliver, delivers):
    clock = FakeClock()
    bus = open_bus(deliver, clock=clock)
    bus.emit("repo.sync.start")
    assert bus.workers() == []
    clock.advance(INTERVAL + 1)
    bus.emit("repo.sync.start")
    [seen] = bus.workers()
    assert (seen.delivers, seen.kind, seen.silent) == (delivers, Kind.APPLICATION, 0)
    assert (seen.last_seen - seen.started).total_seconds() == INTERVAL + 1
    clock.advance(SILENT + 1)
    assert bus.workers()[0].gone
    bus.emit("repo.sync.start")
    assert not bus.workers()[0].gone
    bus.close()
    assert open_bus("external").workers() == []
