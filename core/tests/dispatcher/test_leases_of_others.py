"""What another process held when it went away is made when its lease ends, whatever this one claimed meanwhile."""

import time

from pulp_events.dispatcher.agenda import Agenda
from pulp_events.outbox.records import ClaimRequest
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox


def test_a_lease_that_ends_is_seen_to_though_others_were_claimed_meanwhile(open_bus, scripted, eventually, monkeypatch):
    """The one change that is seen is that of the other process: a look on any other account would find it too."""
    changes, seen, ready = [], [], SQLiteOutbox.ready
    monkeypatch.setattr(SQLiteOutbox, "changed", lambda outbox: bool(changes) and changes.pop())
    monkeypatch.setattr(SQLiteOutbox, "ready", lambda outbox: ready(outbox) if seen else {})
    other = open_bus("external", lease="2s")
    listener = other.listeners.create("scripted", {"name": "slow"}, ["*"])
    bus = open_bus("background", lease="2s")
    bus.emit("repo.sync.start", {"n": "first"})
    eventually(lambda: bus.deliveries.stats().delivered == 1)
    time.sleep(1.0)  # it looks once more at what it knows of its listeners by now
    other.emit("repo.sync.start", {"n": "lost"})
    [held] = other.outbox.claim([ClaimRequest(listener.id, 1)], 2.0, "gone").deliveries
    other.emit("repo.sync.start", {"n": "due"})
    seen.append(True)
    changes.append(True)
    eventually(lambda: bus.deliveries.stats().delivered == 3)
    outcomes = [each.outcome for each in bus.deliveries.attempts(held.id)]
    assert (outcomes[0], outcomes[-1]) == ("lost", "delivered")


def test_moments_that_were_overtaken_are_cleared_away():
    agenda = Agenda(["line"], lambda listener_id: "line")
    waiting = [f"waits-{number}" for number in range(100)]
    for number, listener_id in enumerate(waiting):
        agenda.later(listener_id, 1000.0 - number)
    for number in range(10_000):
        agenda.now(["busy"])
        assert agenda.take("line", 1) == ["busy"]
        agenda.later("busy", 60.0 + number)
    assert len(agenda._heap) < 300
    agenda.advance(950.0)
    assert agenda.take("line", 1000) == [*reversed(waiting[50:])]
    assert agenda.soonest == 951.0
