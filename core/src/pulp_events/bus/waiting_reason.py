"""Why a pending delivery is not attempted now, and when it may be: told from the records and the outbox alone.

What a dispatcher knows by itself, which is whom it leaves alone, it tells the outbox (`dispatcher/holds.py`), so that
the answer is the same in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from pulp_events.listeners.listener import Listener
from pulp_events.listeners.waiting import disabled, elsewhere
from pulp_events.notifier import Notifier
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.presence import Presence
from pulp_events.outbox.rate import Rate, credible, tokens, wait_for_more
from pulp_events.outbox.standing import HoldCause, Standing
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.window import remaining
from pulp_events.plugins.registry import FUNCTION
from pulp_events.system.clock import from_timestamp, iso_z

PROBING = 60.0
"""Seconds after the end of a hold for which the attempt that decides may be under way."""
JUST_TAKEN = 1.0
"""Seconds since the last token was spent for which a listener is said to be attempted as its rate allows."""


class WaitCause(StrEnum):
    """What a pending delivery waits for."""

    ATTEMPT = "attempt"
    """for the result of its attempt, which is under way"""
    EXPIRED = "expired"
    """to be declared dead: it has expired"""
    LISTENER = "listener"
    """for its listener's record, without which it will be dead: the listener is gone, or its record is broken"""
    DISABLED = "disabled"
    """for its listener to be enabled"""
    MUTE = "mute"
    """for the end of its listener's mute"""
    RETRY = "retry"
    """for its next attempt, by the retry schedule"""
    CIRCUIT = "circuit"
    """for the next attempt of an endpoint at which several failed one after the other"""
    PAUSE = "pause"
    """for the end of the pause that its receiver asked for"""
    WINDOW = "window"
    """for others that leave with it"""
    ORDER = "order"
    """for an older delivery, as its listener's are made one after the other"""
    RATE = "rate"
    """for its turn, as its listener has a rate"""
    NOTIFIER = "notifier"
    """for a process that has its notifier"""
    WORKER = "worker"
    """for a worker: nothing stands in its way"""


_AT_ONCE = frozenset([WaitCause.WORKER, WaitCause.RATE, WaitCause.CIRCUIT])
"""Causes for which it may be attempted at any moment where no time is told."""


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """What a pending delivery waits for."""

    cause: WaitCause
    reason: str
    """In words, such as `attempt 3 of 8 failed`."""
    until: datetime | None = None
    """When it may be attempted at the earliest; None: at once if nothing stands in its way, else nobody knows."""
    behind: str | None = None
    """Id of the delivery that comes first, where it waits for one."""

    @property
    def at_once(self) -> bool:
        """True if it may be attempted at any moment."""
        return self.until is None and self.cause in _AT_ONCE


@dataclass(frozen=True)
class Sources:
    """What the answer is told from.

    `window(listener)`: seconds of events that leave together; it may raise anything. `rate(listener)`: what holds for
    it, also where `[untrusted]` says so. `lanes`, `steps`: what server.conf
    says, for listeners that have no number of lanes, or no schedule, of their own.
    """

    outbox: Outbox
    listeners: Mapping[str, Listener]
    notifiers: Mapping[str, Notifier]
    window: Callable[[Listener], float | None]
    rate: Callable[[Listener], str | None]
    lanes: int
    steps: int
    now: float

    @cached_property
    def at_work(self) -> Sequence[Presence]:
        """The processes that deliver now."""
        return [each for each in self.outbox.presences() if each.delivers and not each.gone]


def waiting_for(deliveries: Sequence[Delivery], sources: Sources) -> dict[str, WaitingFor]:
    """For each of these that is pending, by its id; a few questions to the outbox, however many they are."""
    pending = [each for each in deliveries if each.state == State.PENDING]
    known = {each.listener_id: sources.listeners.get(each.listener_id) for each in pending}
    listeners = {each: listener for each, listener in known.items() if listener is not None}
    if not pending:
        return {}
    in_order = [each for each, listener in listeners.items() if (listener.lanes or sources.lanes) == 1]
    standing = sources.outbox.standing(list(listeners), in_order)
    windows = {each: _window(listener, sources) for each, listener in listeners.items()}
    return {
        each.id: _reason(
            each, known[each.listener_id], standing.get(each.listener_id, Standing()), windows.get(each.listener_id),
            sources,
        )
        for each in pending
    }  # fmt: skip


def _reason(
    delivery: Delivery, listener: Listener | None, standing: Standing, window: float | None, sources: Sources
) -> WaitingFor:
    now = sources.now
    if delivery.lease is not None and delivery.due is not None and delivery.due.timestamp() > now:
        return WaitingFor(WaitCause.ATTEMPT, f"attempt {delivery.attempts} is under way")
    if delivery.expires is not None and delivery.expires.timestamp() <= now:
        return WaitingFor(WaitCause.EXPIRED, f"expired at {iso_z(delivery.expires)}; a worker declares it dead")
    if listener is None:
        return WaitingFor(WaitCause.LISTENER, "the listener does not exist, or its record is broken")
    if not listener.enabled:
        return WaitingFor(WaitCause.DISABLED, disabled(listener))
    timed = [
        each
        for each in (
            _mute(listener, now),
            _retry(delivery, listener, sources),
            _hold(delivery, standing, now),
            _window_of(delivery, window, now),
        )
        if each is not None
    ]
    if timed:  # what ends last is what it waits for
        return max(timed, key=lambda each: (each.until is not None, each.until or from_timestamp(now)))
    return (
        _order(delivery, standing, now)
        or _rate(sources.rate(listener), standing, now)
        or _notifier(listener, sources)
        or WaitingFor(WaitCause.WORKER, _no_worker(sources))
    )


def _mute(listener: Listener, now: float) -> WaitingFor | None:
    if not listener.muted_for(now):
        return None
    why = getattr(listener, "mute_reason", None)
    return WaitingFor(WaitCause.MUTE, "the listener is muted" + (f": {why}" if why else ""), listener.muted_until)


def _retry(delivery: Delivery, listener: Listener, sources: Sources) -> WaitingFor | None:
    if delivery.due is None or delivery.due.timestamp() <= sources.now:
        return None
    steps = sources.steps if listener.retry_schedule is None else len(listener.retry_schedule)
    number = delivery.attempts - delivery.forgiven
    if number > steps:  # a pause that the receiver asked for uses up no step
        return WaitingFor(WaitCause.RETRY, f"attempt {delivery.attempts} failed", delivery.due)
    return WaitingFor(WaitCause.RETRY, f"attempt {number} of {steps + 1} failed", delivery.due)


def _hold(delivery: Delivery, standing: Standing, now: float) -> WaitingFor | None:
    hold = standing.hold
    if hold is None or hold.until <= now - PROBING:
        return None
    if hold.cause is HoldCause.PAUSE:
        return WaitingFor(WaitCause.PAUSE, "the receiver asked for a pause", hold.ends) if hold.until > now else None
    if hold.until > now:
        return WaitingFor(WaitCause.CIRCUIT, "the endpoint failed several times in a row", hold.ends)
    return WaitingFor(WaitCause.CIRCUIT, "the endpoint failed several times in a row, and is tried with one delivery")


def _window(listener: Listener, sources: Sources) -> float | None:
    try:
        return sources.window(listener)
    except Exception:  # noqa: BLE001  # a notifier may raise anything; the dispatcher says so with the delivery
        return None


def _window_of(delivery: Delivery, window: float | None, now: float) -> WaitingFor | None:
    if window is None or delivery.attempts:
        return None
    left = remaining(delivery.event_time.timestamp(), window, now)
    if not left:
        return None
    return WaitingFor(WaitCause.WINDOW, "it leaves with others at the end of its window", from_timestamp(now + left))


def _order(delivery: Delivery, standing: Standing, now: float) -> WaitingFor | None:
    if standing.first is None or standing.first == delivery.id:
        return None
    due = standing.first_due
    until = due if due is not None and due.timestamp() > now else None
    return WaitingFor(WaitCause.ORDER, "an older delivery comes first", until, standing.first)


def _rate(rate: str | None, standing: Standing, now: float) -> WaitingFor | None:
    if rate is None or standing.spent_until is None:
        return None
    each = Rate.of(rate).each
    spent = credible(standing.spent_until, each, now)
    reason = f"the listener's rate is {rate}"
    if not tokens(spent, each, now):
        return WaitingFor(WaitCause.RATE, reason, from_timestamp(now + wait_for_more(spent, each, now)))
    return WaitingFor(WaitCause.RATE, reason) if spent > now - JUST_TAKEN else None


def _notifier(listener: Listener, sources: Sources) -> WaitingFor | None:
    wait = elsewhere(listener, sources.notifiers)
    if wait is None:
        return None
    type_id = listener.notifier_type_id
    if type_id != FUNCTION and any(type_id in each.notifier_types for each in sources.at_work):
        return None
    return WaitingFor(WaitCause.NOTIFIER, wait.reason)


def _no_worker(sources: Sources) -> str:
    return "due; no worker has taken it yet" if sources.at_work else "due; no process that delivers is running"
