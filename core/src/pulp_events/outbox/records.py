"""What goes into the outbox and comes out of it, besides deliveries and attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pulp_events.outbox.activity import Activities
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.rate import Rate
from pulp_events.outbox.states import State, Transition
from pulp_events.system.arguments import check_moment_or_none, check_places, check_scope_asked, check_text, check_texts

HELD_UP = 1.0
"""Seconds after which it is worth asking again for what only waits for older deliveries that others are to make."""

EXPIRED = "expired before it was delivered"
"""Why a delivery is dead that was not to be attempted after a certain time."""


@dataclass(slots=True)
class NewDelivery:
    """A delivery to store with its event. `skip`: a reason to store it as dead at once."""

    listener_id: str
    target: str = ""
    skip: str | None = None
    expires: float | None = None
    """Seconds since the epoch from which on it is not attempted any more."""


@dataclass(slots=True)
class NewEvent:
    """An event with all its deliveries, to store in one transaction."""

    id: str
    event_type: str
    time: float
    """Seconds since the epoch."""
    source: str
    report: bytes
    deliveries: Sequence[NewDelivery]
    """The ids of those that are stored are `EVENT_ID.0`, `EVENT_ID.1` and so on. There may be none."""
    once: bool = False
    """The application chose its id: where an event has it already, that one stays, and this is not stored."""
    fingerprint: str | None = None
    """See `StoredEvent.fingerprint`."""
    scope: str | None = None
    """The scope that it is emitted with; None: without one."""
    trace_context: str | None = None
    """As `trace_context.to_text` writes it; None: it is emitted outside of any trace."""
    about_author: str | None = None
    """See `StoredEvent.about_author`."""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What a dispatcher asks for of one listener; see `Outbox.claim`."""

    listener_id: str
    limit: int
    """Deliveries, at most."""
    ordered: bool = False
    """Deliveries must finish in emit order."""
    window: float | None = None
    """Seconds of events that leave together; None where each leaves by itself."""
    ids: Sequence[str] | None = None
    """Only these deliveries of the listener, by their ids; None: any."""
    rate: Rate | None = None
    """Attempts of the listener's deliveries, by whomever; None: any number."""


@dataclass(frozen=True)
class Claim:
    """What `Outbox.claim` returned."""

    deliveries: Sequence[Delivery]
    """Those of one listener stand together, in the order in which they are to begin."""
    waits: Mapping[str, float | None] = field(default_factory=dict)
    """For each listener with fewer deliveries claimed than its limit: seconds until more may be claimed (0: at once),
    None if nothing else of it is pending. If only certain deliveries were requested, this is about them."""
    throttled: Mapping[str, float] = field(default_factory=dict)
    """Of these, whatever is pending: the listeners whose rate allows no more now, and seconds until it does."""


@dataclass(frozen=True)
class Result:
    """An attempt and what follows from it: the transition `succeed`, `postpone` (then with `retry_in`) or `give_up`."""

    delivery: Delivery
    attempt: Attempt
    transition: Transition
    retry_in: float | None = None
    """Seconds until the next attempt."""
    forgiven: bool = False
    """With `postpone`: the attempt does not count against the retry schedule."""
    last_ahead: bool = False
    """With `postpone`: the next attempt is the last one, as far as the schedule says."""


@dataclass(frozen=True)
class DeliveryQuery:
    """Which deliveries; None stands for any. Raises EventsError for a value of another kind."""

    state: State | None = None
    listener_id: str | None = None
    """For `bus.deliveries`, a listener's name too."""
    event_type: str | None = None
    """A name, or a pattern as listeners have them."""
    event_id: str | None = None
    since: datetime | None = None
    """Events of this moment and later."""
    until: datetime | None = None
    """Events before this moment."""
    ids: Sequence[str] | None = None
    listener_ids: Sequence[str] | None = None
    """Deliveries to any of these."""
    error: str | None = None
    """Text that their `detail` has in it, in capitals or not (of ASCII's letters)."""
    is_repeat: bool | None = None
    """Whether they repeat another."""
    has_repeat: bool | None = None
    """Whether another repeats them."""
    erased: bool | None = None
    """Whether their event was erased."""
    waiting_at: datetime | None = None
    """Only pending ones that nobody is attempting, and that are not due before this moment."""
    free_at: datetime | None = None
    """Only pending ones that nobody is attempting at this moment."""
    notifier_type_id: str | None = None
    """That of the listeners that they are to. `bus.deliveries` knows those, and looks for it; a store does not."""
    scope: str | None = None
    """The scope that their event was emitted with."""
    without_scope: bool = False
    """True: only of events of which it is known that they were emitted without a scope."""
    heard_by: Sequence[str] | None = None
    """With a scope, or without: of events by which the system tells of listeners (`own_names.OWN`) only those that it
    made itself, of listeners of untrusted authors with these names (`StoredEvent.about_author`)."""
    not_event_types: Sequence[str] | None = None
    """Not of these event types, by their names."""
    places: tuple[int, int] | None = None
    """Only deliveries of events whose `place` is the first of these or above, and below the second.

    Few events are between the two: a store looks at them alone, and not for where `since` and `until` are."""

    def __post_init__(self) -> None:
        for name in ("listener_id", "notifier_type_id", "event_type", "event_id", "error"):
            check_text(getattr(self, name), name)
        for name in ("since", "until", "waiting_at", "free_at"):
            check_moment_or_none(getattr(self, name), name)
        for name in ("ids", "listener_ids", "heard_by", "not_event_types"):
            check_texts(getattr(self, name), name)
        check_scope_asked(self.scope, self.without_scope)
        check_places(self.places)


@dataclass(frozen=True)
class Health:
    """How recent deliveries to one listener went."""

    listener_id: str
    last_success: datetime | None = None
    last_failure: datetime | None = None
    failing_since: datetime | None = None
    """Time of the first failure since the last success."""
    failures: int = 0
    """Failures since the last success."""
    detail: str = ""
    """Detail of the last attempt."""


@dataclass(frozen=True)
class Due:
    """Deliveries that might be attempted now; see `Outbox.due`."""

    count: int
    """How many, as far as they were counted."""
    longest: float
    """Seconds for which the first of them might have been; 0 if there are none."""


@dataclass(frozen=True)
class Dropped:
    """Events of one type that were not stored: the outbox was full, or `emit` failed and only logged it."""

    event_type: str
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Stats:
    """Counts of deliveries."""

    totals: Mapping[State, int] = field(default_factory=lambda: dict.fromkeys(State, 0))
    """state → count, for every state."""
    oldest_pending: datetime | None = None
    """Time of the oldest event that still has a pending delivery."""
    by_listener: Mapping[str, Mapping[State, int]] = field(default_factory=dict)
    """listener id → state → count, for every state."""
    events: int = 0
    """Events that are stored, those without any delivery too."""
    events_alone: int = 0
    """How many of them have no delivery: no listener matched, or their deliveries were deleted before them."""
    oldest_event: datetime | None = None
    """Time of the event that was stored first."""
    dropped: Sequence[Dropped] = ()
    """By event type, what was not stored with `[events] when_full = drop`; forgotten as finished deliveries are."""
    activity: Activities | None = None
    """What happened in a span of time, where one was asked for."""

    @property
    def pending(self) -> int:
        """Deliveries that are still to be made."""
        return self.totals[State.PENDING]

    @property
    def delivered(self) -> int:
        """Deliveries that their receivers have."""
        return self.totals[State.DELIVERED]

    @property
    def dead(self) -> int:
        """Deliveries that were given up."""
        return self.totals[State.DEAD]
