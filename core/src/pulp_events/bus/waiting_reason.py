"""Why a pending delivery is not attempted now, and when it may be: told from the records and the outbox alone.

What a dispatcher knows by itself, which is whom it leaves alone, it tells the outbox (`dispatcher/holds.py`), so that
the answer is the same in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pulp_events.bus.wait_cause import WaitCause, WaitingFor
from pulp_events.errors import StoreError
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.waiting import disabled, elsewhere
from pulp_events.notifier import Notifier
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.presence import Presence
from pulp_events.outbox.rate import SLACK, Rate, credible
from pulp_events.outbox.records import DeliveryQuery
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
TOGETHER = 5.0
"""Seconds by which a retry may be due after a hold that its own answer began: results are stored a little later."""


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
    def presences(self) -> Mapping[str, Presence]:
        """The processes that the store knows of, by their ids; none where it cannot tell."""
        try:
            return {each.id: each for each in self.outbox.presences()}
        except StoreError:  # the reason is a hint, and what it is of must be shown nevertheless
            return {}

    @cached_property
    def at_work(self) -> Sequence[Presence]:
        """The processes that deliver now."""
        return [each for each in self.presences.values() if each.delivers and not each.gone]

    def is_there(self, process: str) -> bool:
        """Whether this process, which the store knew, has neither ended nor been killed."""
        found = self.presences.get(process)
        return found is not None and not found.gone

    def is_killed(self, lease: str) -> bool:
        """Whether the process that holds this lease is known to be gone; its id is a part of the lease's name."""
        parts = lease.split(".")
        return any(found.gone for part in parts if (found := self.presences.get(part)) is not None)


@dataclass(frozen=True)
class _Of:
    """What is looked up once for all deliveries of a listener."""

    listener: Listener | None
    standing: Standing = Standing()
    window: float | None = None
    rate: Rate | None = None
    rate_text: str | None = None
    head: Delivery | None = None
    """The oldest that is pending, where its order is kept."""

    @cached_property
    def places(self) -> Mapping[str, int]:
        """By the ids of those that are due: how many of them are older."""
        return {each: place for place, each in enumerate(self.standing.queue)}

    def place(self, delivery: Delivery, now: float) -> int:
        """How many of those that are due are attempted before; 0 also where that is not known."""
        if self.window is not None or (delivery.due is not None and delivery.due.timestamp() > now):
            return 0  # what leaves together takes one token; what is not due is not in the line yet
        place = self.places.get(delivery.id, len(self.places))
        head = self.head
        return place + (head is not None and head.id != delivery.id and head.id not in self.places)


def waiting_for(deliveries: Sequence[Delivery], sources: Sources) -> dict[str, WaitingFor]:
    """For each of these that is pending, by its id; a few questions to the outbox, however many they are."""
    pending = [each for each in deliveries if each.state == State.PENDING]
    if not pending:
        return {}
    known = {each.listener_id: sources.listeners.get(each.listener_id) for each in pending}
    of = _looked_up({each: listener for each, listener in known.items() if listener is not None}, sources)
    return {each.id: _reason(each, of.get(each.listener_id, _Of(None)), sources) for each in pending}


def _looked_up(listeners: Mapping[str, Listener], sources: Sources) -> dict[str, _Of]:
    in_order = [each for each, listener in listeners.items() if (listener.lanes or sources.lanes) == 1]
    rates = {each: rate for each, listener in listeners.items() if (rate := sources.rate(listener)) is not None}
    standing = sources.outbox.standing(list(listeners), in_order, list(rates))
    first = [found.first for found in standing.values() if found.first is not None]
    found = sources.outbox.find(DeliveryQuery(ids=first), len(first)) if first else ()
    heads = {each.listener_id: each for each in found if each.state == State.PENDING}
    return {
        each: _Of(
            listener,
            standing.get(each, Standing()),
            _window(listener, sources),
            Rate.of(rates[each]) if each in rates else None,
            rates.get(each),
            heads.get(each),
        )
        for each, listener in listeners.items()
    }


def _reason(delivery: Delivery, of: _Of, sources: Sources) -> WaitingFor:
    now, listener = sources.now, of.listener
    leased = delivery.lease is not None and delivery.due is not None and delivery.due.timestamp() > now
    lost = leased and sources.is_killed(delivery.lease or "")
    if leased and not lost:
        return WaitingFor(WaitCause.ATTEMPT, f"attempt {delivery.attempts} is under way")
    if delivery.expires is not None and delivery.expires.timestamp() <= now:
        return WaitingFor(WaitCause.EXPIRED, f"expired at {iso_z(delivery.expires)}; a worker declares it dead")
    if listener is None:
        return WaitingFor(WaitCause.LISTENER, "the listener does not exist, or its record is broken")
    if not listener.enabled:
        return WaitingFor(WaitCause.DISABLED, disabled(listener))
    own = _lost(delivery) if lost else _retry(delivery, listener, sources)
    of_all = [_mute(listener, now), _order(delivery, of, sources), hold := _hold(of.standing, sources)]
    if own is not None and hold is not None and _is_the_hold(own, hold):
        own = WaitingFor(hold.cause, hold.reason, own.until)
    # Before this, nobody takes a token: the line begins to move then.
    start = max([now, *(each.until.timestamp() for each in of_all if each is not None and each.until is not None)])
    # Of those that end together, the first; and `max` takes the first, too.
    reasons = [own, *of_all, _window_of(delivery, of.window, now), _rate(delivery, of, start, now)]
    reasons.append(_notifier(listener, sources))
    found = [each for each in reasons if each is not None]
    if not found:
        return WaitingFor(WaitCause.WORKER, _no_worker(sources))
    return max(found, key=lambda each: each.lasts)


def _lost(delivery: Delivery) -> WaitingFor:
    reason = f"the process of attempt {delivery.attempts} is gone; another follows at the end of its lease"
    return WaitingFor(WaitCause.ATTEMPT, reason, delivery.due)


def _is_the_hold(retry: WaitingFor, hold: WaitingFor) -> bool:
    """Whether that is why it is tried again then: its own answer began the hold."""
    asked = hold.cause in (WaitCause.PAUSE, WaitCause.SECRET) and retry.cause is WaitCause.RETRY
    if not asked or hold.until is None or retry.until is None:
        return False
    return abs(retry.until.timestamp() - hold.until.timestamp()) <= TOGETHER


def _mute(listener: Listener, now: float) -> WaitingFor | None:
    if not listener.muted_for(now):
        return None
    why = f": {listener.mute_reason}" if listener.mute_reason else ""
    return WaitingFor(WaitCause.MUTE, f"the listener is muted{why}", listener.muted_until)


def _retry(delivery: Delivery, listener: Listener, sources: Sources) -> WaitingFor | None:
    if delivery.due is None or delivery.due.timestamp() <= sources.now:
        return None
    steps = sources.steps if listener.retry_schedule is None else len(listener.retry_schedule)
    number = delivery.attempts - delivery.forgiven
    # A pause that the receiver asked for uses up no step; and the schedule may be shorter than it was.
    which = f"{number} of {steps + 1}" if 0 < number <= steps else f"{delivery.attempts}"
    return WaitingFor(WaitCause.RETRY, f"attempt {which} failed", delivery.due)


def _hold(standing: Standing, sources: Sources) -> WaitingFor | None:
    hold, now = standing.hold, sources.now
    if hold is None or hold.until <= now - PROBING:
        return None
    if hold.by is not None and not sources.is_there(hold.by):
        return None  # it ended with its process
    if hold.cause is HoldCause.CIRCUIT:
        reason = "the endpoint failed several times in a row"
        if hold.until > now:
            return WaitingFor(WaitCause.CIRCUIT, reason, hold.ends)
        return WaitingFor(WaitCause.CIRCUIT, f"{reason}, and is tried with one delivery")
    if hold.until <= now:
        return None
    if hold.cause is HoldCause.SECRET:
        return WaitingFor(WaitCause.SECRET, "a secret could not be read where it is delivered", hold.ends)
    return WaitingFor(WaitCause.PAUSE, "the receiver asked for a pause", hold.ends)


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


def _order(delivery: Delivery, of: _Of, sources: Sources) -> WaitingFor | None:
    head = of.head
    if head is None or head.id == delivery.id:
        return None
    until = _reason(head, of, sources).until
    return WaitingFor(WaitCause.ORDER, "an older delivery comes first", until, head.id)


def _rate(delivery: Delivery, of: _Of, start: float, now: float) -> WaitingFor | None:
    """`start`: when the first in the line may go, as far as the rate is not concerned."""
    if of.rate is None:
        return None
    each, reason, place = of.rate.each, f"the listener's rate is {of.rate_text}", of.place(delivery, now)
    kept = of.standing.spent_until
    spent = now if kept is None else credible(kept, each, now)
    moment = max(spent, start) + place * each - SLACK
    if moment > now:
        return WaitingFor(WaitCause.RATE, reason, from_timestamp(moment))
    return WaitingFor(WaitCause.RATE, reason) if kept is not None and spent > now - JUST_TAKEN else None


def _notifier(listener: Listener, sources: Sources) -> WaitingFor | None:
    """By what the processes at work say that they have; this one counts only where there is none, as it may be the one
    that delivers. Which functions another one has is not known, so those are left out."""
    type_id = listener.notifier_type_id
    if type_id == FUNCTION:
        return None
    if sources.at_work:
        if any(type_id in each.notifier_types for each in sources.at_work):
            return None
        return WaitingFor(WaitCause.NOTIFIER, f"no worker has the notifier type {type_id}")
    wait = elsewhere(listener, sources.notifiers)
    return None if wait is None else WaitingFor(WaitCause.NOTIFIER, wait.reason)


def _no_worker(sources: Sources) -> str:
    return "due; no worker has taken it yet" if sources.at_work else "due; no process that delivers is running"
