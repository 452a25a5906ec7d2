"""A dispatcher with nothing to do rests, and is woken when another process stores something."""

import logging
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.dispatcher import rest, timekeeper
from pulp_events.dispatcher.rest import POLL, PRECAUTION, QUIET, Rest
from pulp_events.errors import StoreBusy
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.system import write_watch

A = "repo.sync.start"


class FakeBell:
    def __init__(self):
        self.hears, self.silence, self.count, self.closed = True, 0.0, 0, False

    def close(self):
        self.closed = True


class WithBell:
    def __init__(self, bell):
        self._bell = bell

    def bell(self, ring):
        return self._bell


@pytest.fixture
def bell():
    return FakeBell()


@pytest.fixture
def resting(bell):
    found = Rest(WithBell(bell))
    found.begin(lambda: None)
    return found


def test_after_a_ring_it_looks_at_once_and_again_ever_more_seldom(bell, resting):
    pauses = []
    for bell.silence in (0.0, 0.001, 0.01, 0.02, 0.04, 1.0, QUIET - 0.01, QUIET, 1000.0):
        pauses.append(resting.longest)
    assert pauses == sorted(pauses)
    assert pauses[0] <= 0.005 and pauses[2:4] == [0.01, 0.02] and pauses[-3:] == [POLL, PRECAUTION, PRECAUTION]


@pytest.mark.parametrize("outbox", [object(), WithBell(None)], ids=["never heard of bells", "cannot have one"])
def test_an_outbox_without_a_bell_is_looked_at_all_the_time(outbox):
    resting = Rest(outbox)
    assert resting.longest == POLL
    resting.begin(lambda: None)
    resting.found()
    assert resting.longest == POLL
    resting.end()


def test_a_bell_that_cannot_be_had_for_an_unknown_reason_is_logged(caplog):
    class Faulty:
        def bell(self, ring):
            raise RuntimeError("a bug of somebody's outbox")

    resting = Rest(Faulty())
    resting.begin(lambda: None)
    assert resting.longest == POLL and "a bug of somebody's outbox" in caplog.text


def test_a_bell_that_hears_no_more_is_not_relied_upon(bell, resting):
    bell.silence, bell.hears = 1000.0, False
    assert resting.longest == POLL


def test_a_bell_that_missed_two_changes_in_a_row_is_not_relied_upon(bell, resting, caplog):
    bell.silence = QUIET
    for bell.count in (5, 6, 7):  # late each time, as where a commit waits for the disk
        resting.found()
        assert resting.longest == PRECAUTION
    resting.found()
    assert bell.closed and resting.longest == POLL
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_what_is_found_soon_after_a_ring_says_nothing_against_the_bell(bell, resting):
    for bell.silence in (0.0, QUIET / 2, 0.1):
        resting.found()
        resting.found()
    assert not bell.closed


@pytest.fixture
def quiet_at_once(monkeypatch):
    monkeypatch.setattr(rest, "QUIET", 0.1)
    monkeypatch.setattr(write_watch, "DEAF", 0.05)
    monkeypatch.setattr(rest, "PRECAUTION", 600.0)
    monkeypatch.setattr(timekeeper, "SUPERVISE", 600.0)


def emit_elsewhere(bus):
    """As another process would: with a bus of its own on the same files."""
    with EventBus.open(bus.settings.path, data_dir=Path(bus.outbox.path).parent, deliver="external") as other:
        return other.emit(A, {}).id


def test_what_another_process_stores_wakes_a_dispatcher_that_would_look_in_minutes(
    open_bus, scripted, eventually, quiet_at_once
):
    bus = open_bus()
    bus.listeners.create("scripted", {"name": "a"}, [A])
    keeper = bus.dispatcher._timekeeper
    for _ in range(3):
        eventually(lambda: keeper._rest.longest == 600.0)
        event_id = emit_elsewhere(bus)
        eventually(lambda: event_id in scripted.sent("a"))  # noqa: B023


def test_a_retry_that_comes_due_is_not_slept_through(open_bus, scripted, eventually, quiet_at_once):
    bus = open_bus(retry_schedule="1s", jitter=0)
    bus.listeners.create("scripted", {"name": "a"}, [A])
    scripted.behaviour["a"] = lambda *_: scripted.refuse(*_) if len(scripted.calls) == 1 else None
    bus.emit(A, {})
    eventually(lambda: len(scripted.sent("a")) == 2)


@pytest.mark.slow
def test_a_look_that_failed_is_made_again_a_second_later(
    open_bus, scripted, eventually, quiet_at_once, monkeypatch, caplog
):
    bus = open_bus()
    bus.listeners.create("scripted", {"name": "a"}, [A])
    keeper = bus.dispatcher._timekeeper
    eventually(lambda: keeper._rest.longest == 600.0)
    ready, failures = SQLiteOutbox.ready, [StoreBusy("the outbox is locked")]

    def fail_once(outbox):
        if failures:
            raise failures.pop()
        return ready(outbox)

    monkeypatch.setattr(SQLiteOutbox, "ready", fail_once)
    event_id = emit_elsewhere(bus)
    eventually(lambda: event_id in scripted.sent("a"))
    assert "the dispatcher retries in 1 s: the outbox is locked" in caplog.text


def test_where_the_system_tells_of_nothing_it_is_looked_at_all_the_time(
    open_bus, scripted, eventually, quiet_at_once, monkeypatch
):
    monkeypatch.setattr(SQLiteOutbox, "bell", lambda outbox, ring: None)
    bus = open_bus()
    bus.listeners.create("scripted", {"name": "a"}, [A])
    event_id = emit_elsewhere(bus)
    eventually(lambda: event_id in scripted.sent("a"))


def test_a_bell_that_is_deaf_costs_half_a_second_twice(open_bus, scripted, eventually, bell, monkeypatch):
    monkeypatch.setattr(SQLiteOutbox, "bell", lambda outbox, ring: bell)
    bell.silence = QUIET
    bus = open_bus()
    bus.listeners.create("scripted", {"name": "a"}, [A])
    for _ in range(3):
        event_id = emit_elsewhere(bus)
        eventually(lambda: event_id in scripted.sent("a"))  # noqa: B023
    assert bell.closed


def test_closing_ends_the_bell(open_bus, bell, monkeypatch):
    monkeypatch.setattr(SQLiteOutbox, "bell", lambda outbox, ring: bell)
    bus = open_bus()
    assert bus.dispatcher and not bell.closed
    bus.close(grace=30)
    assert bell.closed
