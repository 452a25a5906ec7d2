"""How many pending deliveries a changed listener lets go: said, as they would otherwise come as a surprise."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulp_events.outbox.states import State
from pulp_events_cli.output.streams import confirm

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener


@dataclass(frozen=True)
class Waiting:
    """A listener's pending deliveries before it is changed: a worker may take them as soon as it is."""

    listener: Listener
    all: int
    """Those that nobody is attempting."""
    by_dispatcher: int
    """Those of them that wait for their retry, a circuit or a pause."""
    by_retry: int
    """Those of them that wait for their retry."""


def waiting(bus: EventBus, listeners: Iterable[Listener]) -> list[Waiting]:
    """Asked for before the change."""
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events.system.clock import from_timestamp

    found, now = [], from_timestamp(bus.clock.time())
    for each in listeners:
        pending = DeliveryQuery(state=State.PENDING, listener_id=each.id)
        by_retry = bus.deliveries.count(DeliveryQuery(state=State.PENDING, listener_id=each.id, waiting_at=now))
        all_of_it = bus.deliveries.count_discarded(pending)
        found.append(Waiting(each, all_of_it, bus.deliveries.count_retried(pending), by_retry))
    return found


def say(bus: EventBus, arguments: argparse.Namespace, before: Iterable[Waiting], after: Iterable[Listener]) -> None:
    """A line if anything becomes due by the change."""
    changed = {each.id: each for each in after}
    soon = now = 0
    for each in before:
        if (listener := changed.get(each.listener.id)) is not None:
            one = _let_go(bus, each, listener)
            soon, now = soon + one[0], now + one[1]
    if arguments.json:
        return
    if soon:
        confirm(f"{_pending(soon)} {'becomes' if soon == 1 else 'become'} due within a minute")
    if now:
        confirm(f"{_pending(now)} {'is' if now == 1 else 'are'} due now")


def _pending(count: int) -> str:
    return f"{count} pending {'delivery' if count == 1 else 'deliveries'}"


def _let_go(bus: EventBus, was: Waiting, after: Listener) -> tuple[int, int]:
    """How many become due within a minute, and at once."""
    from pulp_events.dispatcher.renewal import same

    now = bus.clock.time()
    if not after.enabled or after.muted_for(now):
        return 0, 0
    if not was.listener.enabled:
        return was.all, 0
    muted = was.listener.muted_for(now) > 0
    if not same(was.listener, after):
        return (was.all if muted else was.by_dispatcher), 0
    return 0, (was.all - was.by_retry if muted else 0)
