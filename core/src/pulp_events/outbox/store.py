"""`Outbox`: the protocol through which deliveries are stored, claimed and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime

    from pulp_events.outbox.activity import Activities, By
    from pulp_events.outbox.delivery import Attempt, Delivery
    from pulp_events.outbox.erasure import Erased, Erasure
    from pulp_events.outbox.presence import Beat, Presence
    from pulp_events.outbox.records import Claim, ClaimRequest, DeliveryQuery, Due, Health, NewEvent, Result, Stats
    from pulp_events.outbox.standing import Hold, Standing
    from pulp_events.outbox.states import State
    from pulp_events.outbox.stored_event import Addition, EventQuery, StoredEvent


class Outbox(Protocol):
    """A durable store of events and their deliveries, shared by threads and processes; each method is one transaction.

    Times are passed as seconds from now: leases and retries are measured by the store's clock. Every method may raise
    StoreError; then nothing was stored. `TRANSITIONS` has the legal changes of state; a store takes from there which
    state each of them leaves and enters.

    A Sequence is a list, a tuple, or anything else that is one, both in what a method is given and in what it returns.
    Wherever a text stands for a delivery and is no id of one (`EVENT_ID.N`, see `split_id`), DeliveryNotFound is
    raised; of an id that is one, of a delivery that is not there, nothing is found. An event may have any text as its
    id.
    """

    def add(self, events: Sequence[NewEvent], connection: Any = None) -> Mapping[str, StoredEvent]:
        """Store events with their deliveries, durable on return. No two of them have the same id.

        An event whose id is stored already is a StoreError, and then none of them is stored, unless it has `once`.

        An event with `once` whose id is already stored is not stored again; the stored one is returned under its id. Of
        any number of callers at once, exactly one stores it. If `check_same` raises EventConflict, none of the
        events is stored.

        `connection`: the application's own connection to the same database. The events are stored in its transaction
        and exist if and only if it commits. An id that is already stored leaves that transaction unchanged.
        """

    def ready(self) -> Mapping[str, float]:
        """Listeners with pending deliveries → seconds until the first may be claimed (0: now)."""

    def claim(self, requests: Sequence[ClaimRequest], lease: float, token: str) -> Claim:
        """Claim deliveries of several listeners under the lease `token` for `lease` seconds; one request for each
        listener.

        First attempts come in emit order; retries that are due are claimed too: where there is more than the limit of
        both together, half of it are retries. What is returned is as it is then: its `attempts` count the one that
        begins, its `due` is the end of the lease.

        `ordered`: claim only the oldest pending deliveries, in order, and none while one of them is leased or waits for
        its retry; one that is a retry is claimed alone, as nothing after it may begin before it is known how it ends. A
        delivery whose lease ended without a result is recorded as lost and claimed alone, so that whatever killed its
        process takes nothing else with it the next time.

        The cost of a request depends neither on the number of listeners nor on how much is pending.

        `window`: instead of the above (and of `limit`), claim what leaves together: the deliveries to one target whose
        events fall into one window of this many seconds (`window_of`), once the window is over (`remaining` is 0). They
        are at most `MOST_DELIVERIES`, 5,000, with reports of at most `MOST_BYTES`, 4 MiB, together, unless a single one
        is larger; what a window has beyond that is claimed next, at once. What is stored after its window was claimed
        leaves by itself, without waiting for another window. With `ordered`, claim nothing while an older delivery is
        leased or waits for its retry. Deliveries that were claimed together and failed, or were lost, are claimed
        together again, without any others.

        `ids`: claim only the listener's deliveries with these ids; with a window, only whole sets that contain one of
        them. Nothing else is claimed or changed. With `ordered`, claim nothing while an older delivery that is not
        among them is pending; the wait is then as long as that is certain to last, or `HELD_UP`.

        `rate`: claim no more than the listener's token bucket allows, which all claimers share (`tokens`, `taken`,
        `wait_for_more`). Each delivery, and each set that leaves together, takes one token, for retries as for first
        attempts. If tokens are missing, `waits` covers the time until the next one, and `throttled` names the listener.

        Expired deliveries are not claimed but declared dead (transition `expire`).
        """

    def record(self, results: Sequence[Result]) -> Sequence[bool]:
        """Store attempts and what follows from each, in one transaction; False for each that came too late.

        No two are of one delivery. `succeed` holds for any delivery still pending; the others only while the
        delivery's lease is the one it was claimed under. As long as the delivery is there, the attempt is stored also
        where it came too late, in place of one of the same number. The health of listeners counts all results: `tally`
        has what those of one call come to. Of an erased event, details become `REMOVED`.
        """

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give claimed deliveries back unattempted, along with the tokens that they took, while those last: see
        `Rate.lasts` and `FreshTokens`."""

    def expire(self, deliveries: Sequence[Delivery]) -> None:
        """Declare claimed deliveries dead, unattempted, because they have expired. Otherwise like `release`."""

    def withhold(self, deliveries: Sequence[Delivery], reason: str) -> None:
        """Declare claimed deliveries dead, unattempted, for this reason (transition `bury`). Otherwise like
        `release`."""

    def extend(self, deliveries: Sequence[Delivery], lease: float) -> None:
        """Let their leases end `lease` seconds from now."""

    def bury(self, listener_id: str, reason: str, targets: Sequence[str] | None = None) -> int:
        """Declare the listener's pending deliveries dead (only those for `targets`, if given); returns how many."""

    def changed(self) -> bool:
        """True if anyone else has written since the last call; writes by this object do not count. It must be cheap: it
        is called dozens of times a second."""

    def of_event(self, event_id: str) -> Sequence[Delivery]:
        """All deliveries of an event."""

    def event(self, event_id: str) -> StoredEvent | None:
        """The event with this id; None if there is none."""

    def events(
        self,
        query: EventQuery,
        limit: int,
        *,
        before: int | None = None,
        after: int | None = None,
        oldest_first: bool = False,
    ) -> Sequence[StoredEvent]:
        """Matching events, newest or oldest first, at most `limit`.

        `before`, `after`: only those whose `place` is below, or above, this one; pass the place of the last event of a
        page to get the next page.
        """

    def beside(self, event_ids: Sequence[str]) -> Sequence[str]:
        """The ids of events that stand next to each of these if all that are stored are sorted by their characters.

        What of an id neither neighbour begins with is enough to tell it from all others. Takes as long however many
        events there are. The events themselves need not be stored.
        """

    def add_deliveries(self, additions: Sequence[Addition]) -> Sequence[str | None]:
        """Add deliveries to stored events, durable on return, and return their new ids.

        None instead of an id: the event is gone, or it already has a delivery for that listener and target, in any
        state. Only an addition with `repeat_of` may repeat that one, and only once; after that, its repeat may be
        repeated. Of any number of callers at once, exactly one adds it.
        """

    def begin_erasure(self, by: str, asked: str) -> str:
        """Record that somebody is about to erase events; returns the id of the record."""

    def erase(self, event_ids: Sequence[str], erasure: str | None) -> Erased:
        """Remove the contents of the events with these ids: their reports (replaced by `marker`), their
        fingerprints, the details of their attempts and deliveries, and those in the health of their listeners.

        Their pending deliveries become dead (transition `erase`), and none is ever sent again: `revive` and
        `add_deliveries` skip them. An attempt recorded later leaves no detail. Ids without an event, or of an erased
        one, are skipped. The counts are added to the record `erasure`; if that is None, events are only counted and
        nothing is changed.
        """

    def scrub(self, timeout: float) -> Sequence[str]:
        """Make sure that nothing that was erased is left in the store's files, and note that in the records.

        Writers wait meanwhile, longer the larger the store is. Returns one sentence for each known place that may still
        hold erased data but must not be touched. Raises StoreBusy if others block it for `timeout` seconds; call it
        again then.
        """

    def erasures(self, limit: int) -> Sequence[Erasure]:
        """The records of erasures, newest first."""

    def find(
        self,
        query: DeliveryQuery,
        limit: int,
        before: str | None = None,
        *,
        after: str | None = None,
        oldest_first: bool = False,
    ) -> Sequence[Delivery]:
        """Matching deliveries, newest or oldest first, at most `limit`.

        `before`, `after`: only those stored before, or after, the delivery with this id; pass the id of the last
        delivery of a page to get the next page.
        """

    def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        """The attempts of a delivery, in order."""

    def revive(self, query: DeliveryQuery, limit: int) -> int:
        """Make at most `limit` matching dead deliveries pending again; they no longer expire. Returns how many."""

    def hasten(self, query: DeliveryQuery, limit: int) -> int:
        """Make at most `limit` matching pending deliveries due now; returns how many.

        Those already due, and those being attempted, are left alone.
        """

    def discard(self, query: DeliveryQuery, reason: str, limit: int) -> int:
        """Declare at most `limit` matching pending deliveries dead; returns how many.

        Those being attempted are left alone.
        """

    def purge(self, query: DeliveryQuery, limit: int, keep_events: float = 0.0) -> int:
        """Delete at most `limit` matching finished deliveries; returns how many.

        An event is deleted with its last delivery, unless it was emitted less than `keep_events` seconds ago; then
        `maintain` deletes it later.
        """

    def count(self, query: DeliveryQuery) -> int:
        """How many deliveries fit."""

    def stats(self, listener_ids: Sequence[str] | None = None) -> Stats:
        """Counts, of which none is made by looking at all deliveries.

        `totals`, and `by_listener` for each listener that has a delivery, have every state: 0 where there is none.

        `listener_ids`: deliveries to these alone are counted, and no other listener is looked at; what is said of
        events is about all of them.
        """

    def backlog(self, most: int) -> int:
        """The number of pending deliveries, counted up to `most`."""

    def due(self, listener_ids: Sequence[str], most: int) -> Due:
        """The pending deliveries to these listeners that nobody is attempting and that wait for no retry, counted up to
        `most`. That a listener has a window, an order or a rate is left out of account."""

    def free_space(self) -> int | None:
        """Free space where events are stored, in bytes; None if unknown."""

    def note_dropped(self, counts: Mapping[str, int]) -> None:
        """Add to the counts of dropped events, by event type; `stats` has the totals.

        At most `dropped.MOST_TYPES` types are counted by themselves, the others together as `dropped.OTHERS`.
        """

    def health(self, listener_ids: Sequence[str] | None = None) -> Mapping[str, Health]:
        """How deliveries went, by listener id. `listener_ids`: of these alone, and no other listener is looked at.

        Its times are those at which results were recorded, by the store's clock; those of an attempt are by the clock
        of the host that made it.
        """

    def forget_health(self, listener_id: str) -> None:
        """Clear a listener's record of failures, its token bucket, and what `renew` and `hold` keep of it, because it
        was enabled or deleted."""

    def renew(self, configurations: Mapping[str, str], dice: Callable[[], float]) -> bool:
        """Remember the configurations by which listeners are attempted from now on; True if there is more to do: call
        it again.

        By listener id: short texts that are equal for equal configurations. If another one is remembered of a listener,
        or none, its pending deliveries that wait for a retry for longer than 60 seconds become due, at
        the times of `spread` with a throw of the `dice`, at most 1,000 at a time, and its hold ends.
        Their attempts still count. Those being attempted are left alone. The text is remembered with the last of them:
        whoever is killed before leaves the rest to the next. An empty text is remembered, and nothing else is changed:
        the listener is disabled.
        """

    def hold(self, holds: Mapping[str, Hold | None]) -> None:
        """Keep until when these listeners are left alone, in place of what was kept; None: they are not.

        Only for `standing`: claims do not ask.
        """

    def lift(self, listener_ids: Sequence[str]) -> None:
        """Somebody wants these listeners' deliveries attempted now: their holds end, in whichever process they are.

        Every process that delivers must find it `changed`; it then asks for `lifted`.
        """

    def lifted(self, listener_ids: Sequence[str]) -> Mapping[str, str]:
        """For each of these that `lift` was called for: a text that is another one after each call."""

    def standing(
        self, listener_ids: Sequence[str], with_first: Sequence[str] = (), with_queue: Sequence[str] = ()
    ) -> Mapping[str, Standing]:
        """How these listeners stand; of those in `with_first`, the oldest pending delivery too, and of those in
        `with_queue` the first 1,000 that are due."""

    def note(self, key: str, text: str) -> None:
        """Store a short text under this key, replacing any other. Use it sparingly: notes are never cleaned up."""

    def notes(self, prefix: str) -> Mapping[str, str]:
        """The notes whose keys start with `prefix`, by key."""

    def beat(self, beat: Beat) -> None:
        """Keep that this process is at work, in place of its last beat (by `beat.id`).

        It must not wake anybody, nor count as a change for `changed`. What is remembered of processes that are gone for
        longer than a day, or beyond the last 50 (`outdated`), is dropped.
        """

    def leave(self, id: str) -> None:
        """The process of these beats has ended in order: forget it."""

    def presences(self) -> Sequence[Presence]:
        """The processes at work here, and those that were until they were killed, in the order of
        `in_order`."""

    def maintain(self, keep: Mapping[State, float], keep_events: float = 0.0) -> bool:
        """One small step of cleaning; True if there is more to do at once.

        `keep`: for each state that ends a delivery, the seconds after which such a delivery is deleted. An event
        without deliveries is deleted `keep_events` seconds after it was emitted. Expired deliveries are declared dead,
        whether or not anyone claims them.
        """

    def close(self) -> None:
        """Close files and connections; once more does nothing."""


@runtime_checkable
class FollowsListeners(Protocol):
    """Optional further method of an outbox: what follows from a change of a listener, in the transaction."""

    def forget_within(self, connection: Any, listener_id: str, reason: str | None) -> None:
        """`forget_health`, and `bury` where there is a reason, if the transaction of `connection` commits."""


@runtime_checkable
class CountsWhatHappens(Protocol):
    """Optional further method of an outbox: what happened, counted when it does.

    Without it, the deliveries and attempts that are kept are looked at, all of them.
    """

    def activity(
        self,
        since: datetime,
        until: datetime | None,
        by: By,
        listener_ids: Sequence[str] | None = None,
        lease: float = 60.0,
    ) -> Activities:
        """What happened from `since` on and before `until` (None: now), and what is pending, kept apart by
        `By.LISTENER` or `By.EVENT_TYPE`.

        It is counted when it is recorded, by the store's clock, and stays as it was when deliveries are deleted: by the
        minute for two hours, by the hour for three days, by the day for ninety. `listener_ids`: only of these. `lease`:
        seconds that no lease is longer than.
        """


@runtime_checkable
class NotesWithEvents(Protocol):
    """Optional further method of an outbox: events that are stored if nobody else was quicker to see why.

    Without it, of several processes that see the same at the same moment each may store an event of it.
    """

    def add_noting(self, events: Sequence[NewEvent], key: str, before: str | None, after: str) -> bool:
        """Store events (as `add`, and none of them `once`) and note `after` under `key`, in one transaction, durable on
        return; but nothing, and False, unless the note is `before` (None: there is none).

        Of any number of callers with the same `before`, exactly one stores its events.
        """


@runtime_checkable
class CountsWhatEnds(Protocol):
    """Optional further method of an outbox that is a `CountsWhatHappens`: a few figures, which are asked for often."""

    def happened(
        self, words: Sequence[str], since: datetime, until: datetime | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        """By listener id and word, how often these happened: transitions of `Activity.ended`, outcomes of attempts, and
        `last-ahead`. `since`, `until`: as of `activity`. What did not happen is left out."""


@runtime_checkable
class TellsSizes(Protocol):
    """Optional further method of an outbox that knows how much room it takes."""

    def sizes(self) -> Mapping[str, int]:
        """Bytes, by what they hold: `outbox` (events and deliveries, indexes included), and whatever else it has. What
        cannot be found out is left out."""


@runtime_checkable
class CountsOfEvents(Protocol):
    """Optional further method of an outbox: who has deliveries of an event, without reading what these hold."""

    def counts_of_event(self, event_id: str) -> Mapping[str, int]:
        """How many deliveries of the event each listener has that has any, by its id."""


@runtime_checkable
class EndsInTime(Protocol):
    """Optional further method of an outbox whose operations may wait long for other transactions."""

    def end_by(self, moment: float | None) -> None:
        """The process is closing: from this monotonic time on nothing waits for another transaction, also what began to
        wait before this was called; it raises StoreBusy instead. None: it goes on after all."""


@runtime_checkable
class BackedUpElsewhere(Protocol):
    """Optional further method of an `Outbox` that `pulp-admin event backup` cannot copy, as it is not in our files."""

    def backup_advice(self) -> str:
        """How an administrator backs it up, with what, and how it is restored, in a sentence. No secret is in it."""
