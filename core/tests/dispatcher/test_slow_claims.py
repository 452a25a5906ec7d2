"""Anything may happen while a claim is in the database: what it brings is attempted, or given back, and never kept.

The claims of these tests take as long as is needed: meanwhile other threads end their turns, administrators act, and
time passes.
"""

import logging
from contextlib import suppress

import pytest

from pulp_events.dispatcher.attempt import attempt
from pulp_events.dispatcher.circuit import FIRST_PAUSE, THRESHOLD
from pulp_events.dispatcher.claim_size import FIRST_BATCH
from pulp_events.dispatcher.route import MOST_ABANDONED
from pulp_events.dispatcher.routes import FORGOTTEN

A = "repo.sync.start"
LEASE = 10


def during_the_next_claim(bus, action):
    """`action()` runs once a claim has found something, and before whoever claimed hears of it."""
    claim = bus.outbox.claim

    def slow(*arguments):
        found = claim(*arguments)
        if found.deliveries:
            bus.outbox.claim = claim
            action()
        return found

    bus.outbox.claim = slow


def stranded(bus):
    """What is claimed, and neither being attempted nor next in line."""
    scheduler = bus.dispatcher._scheduler
    queued, routes = scheduler._queues.queued, bus.dispatcher._routes.all()
    kept = {one.id for route in routes if route.turns or route in queued for one in route.held()}
    kept |= {one.id for one in bus.dispatcher._recorder.waiting}
    leased = {one.id for one in bus.deliveries.list(limit=10_000) if one.lease is not None}
    return leased - kept


def supervise(bus):
    keeper = bus.dispatcher._timekeeper
    keeper._supervise(keeper._clock.monotonic())


@pytest.fixture
def bus(open_bus, clock):
    return open_bus("inline", clock, lease=f"{LEASE}s", retry_schedule="5s, 60s, 1h", jitter=0)


def open_circuit(bus, route, clock):
    for _ in range(THRESHOLD):
        route.circuit.failed(clock.monotonic())


def pause(bus, route, clock):
    route.paused_until = clock.monotonic() + FIRST_PAUSE


def hang(bus, route, clock):
    route.abandoned = MOST_ABANDONED + 1


def mute(bus, route, clock):
    bus.listeners.mute(route.listener.id, FIRST_PAUSE)


def disable(bus, route, clock):
    bus.listeners.disable(route.listener.id)


def update(bus, route, clock):
    bus.listeners.update(route.listener.id, {"name": "b"})


def erase(bus, route, clock):
    bus.events.erase(all_events=True)


def pass_for_long(bus, route, clock):
    clock.advance(FORGOTTEN + 1)
    bus.dispatcher._routes.forget_unused()


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("what", [open_circuit, pause, hang, mute, disable, update, erase, pass_for_long])
def test_what_is_claimed_while_something_rules_out_its_attempt_is_given_back_and_attempted_later(
    open_bus, bus, clock, scripted, what, lanes
):
    other = open_bus("external", clock)
    listener = other.listeners.create("scripted", {"name": "a"}, [A], lanes=lanes)
    other.emit_many([(A, {})] * 3)
    bus.dispatcher._scheduler.due_now([listener.id])
    route = bus.dispatcher._routes.get(listener.id)
    during_the_next_claim(bus, lambda: what(bus, route, clock))
    bus.deliver_due()
    assert stranded(bus) == set()
    route.abandoned = 0
    if what is disable:
        other.listeners.enable(listener.id)
    for _ in range(3):
        clock.advance(FIRST_PAUSE + 1)
        supervise(bus)
        bus.deliver_due()
    assert bus.deliveries.stats().pending == 0
    assert len(scripted.calls) == (0 if what is erase else 3)


def test_a_circuit_that_opens_while_a_claim_is_in_the_database_is_followed_by_its_probe(open_bus, bus, clock, scripted):
    """As in a worker: another thread's turn, the last one, ends before what was claimed is handed out."""
    listener = bus.listeners.create("scripted", {"name": "a"}, [A])
    open_bus("external", clock).emit_many([(A, {})] * 20)
    scheduler, crew = bus.dispatcher._scheduler, bus.dispatcher._crew
    scripted.behaviour["a"] = scripted.refuse
    scheduler.due_now([listener.id])
    turn = scheduler.next()
    for _ in range(THRESHOLD - 2):
        with suppress(StopIteration):
            attempt(turn, turn.next()).send(None)
    assert turn.route.circuit.failures == THRESHOLD - 2
    during_the_next_claim(bus, lambda: (turn.route.circuit.failed(clock.monotonic()), crew.do(turn)))
    scheduler.due_now([listener.id])
    assert scheduler.next() is None and turn.route.circuit.is_open
    assert stranded(bus) == set()
    scripted.behaviour.clear()
    scripted.calls.clear()
    clock.advance(FIRST_PAUSE + 1)
    bus.deliver_due()
    assert len(scripted.calls) == 20 - FIRST_BATCH, "the probe, and what it let through"


def test_a_listener_with_too_many_abandoned_threads_keeps_nothing_claimed(open_bus, bus, clock, scripted):
    """The last turn that ends finds its circuit closed, and is followed by none."""
    listener = bus.listeners.create("scripted", {"name": "a"}, [A])
    open_bus("external", clock).emit_many([(A, {})] * 3)
    scheduler = bus.dispatcher._scheduler
    route = bus.dispatcher._routes.get(listener.id)

    def hang_here(delivery, channel):
        hang(bus, route, clock)
        turn = next(iter(route.turns))
        turn.halted = True

    scripted.behaviour["a"] = hang_here
    scheduler.due_now([listener.id])
    bus.deliver_due()
    assert len(scripted.calls) == 1 and stranded(bus) == set()
    route.abandoned = 0
    scripted.behaviour.clear()
    scheduler.due_now([listener.id])
    bus.deliver_due()
    assert bus.deliveries.stats().pending == 0


def test_leases_of_what_nothing_attempts_are_not_renewed(open_bus, bus, clock, scripted, caplog):
    """Whatever else may strand deliveries: they are given back, and the log says so."""
    listener = bus.listeners.create("scripted", {"name": "a"}, [A])
    open_bus("external", clock).emit_many([(A, {})] * 3)
    scheduler, queues = bus.dispatcher._scheduler, bus.dispatcher._scheduler._queues
    scheduler.due_now([listener.id])
    turn = scheduler.next()
    route = turn.route
    scheduler.at_work.discard(turn)
    route.turns.discard(turn)
    queues.end(turn.line)
    hang(bus, route, clock)
    assert len(stranded(bus)) == 3
    clock.advance(LEASE / 3 + 1)
    with caplog.at_level(logging.WARNING):
        supervise(bus)
    assert "3 deliveries were claimed" in caplog.text
    assert not route.waiting and stranded(bus) == set()
    route.abandoned = 0
    scheduler.due_now([listener.id])
    bus.deliver_due()
    assert bus.deliveries.stats().pending == 0
