"""`Outbox`: the protocol through which deliveries are stored, claimed and recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pulp_events.outbox.delivery import Attempt, Delivery
    from pulp_events.outbox.erasure import Erased, Erasure
    from pulp_events.outbox.records import Claim, ClaimRequest, DeliveryQuery, Health, NewEvent, Result, Stats
    from pulp_events.outbox.states import State
    from pulp_events.outbox.stored_event import Addition, EventQuery, StoredEvent


class Outbox(Protocol):
    """A durable home for deliveries. Threads and processes share it; each method is one transaction.

    Times go in as seconds from now: the store has the clock by which leases and retries are measured. Every method may
    raise StoreError; then nothing was stored. The legal changes of state are those of `states.TRANSITIONS`; a
    store takes from there what each of them leaves and enters.
    """

    def add(self, events: Sequence[NewEvent], connection: Any = None) -> Mapping[str, StoredEvent]:
        """Store events with their deliveries, durable on return. No two have the same id.

        Of those with `once`, an event whose id is there already is not stored; returned is, by its id, the one that is
        there. Whoever stores it first, of however many at once, is the only one. Where `repeated.check_same` raises
        EventConflict, none of the events is stored.

        `connection`: the application's own connection to the same database, in whose transaction they are stored; they
        exist if and only if it commits. An id that is there already leaves that transaction as it was.
        """

    def ready(self) -> Mapping[str, float]:
        """Listeners with pending deliveries → seconds until the first may be claimed (0: now)."""

    def claim(self, requests: Sequence[ClaimRequest], lease: float, token: str) -> Claim:
        """Take deliveries of several listeners under the lease `token` for `lease` seconds; one request for each.

        First attempts come in emit order; retries that are due come too, without crowding them out. `ordered`: only
        the oldest pending deliveries, in order, and none while one of them is leased or waits for its retry. One whose
        lease ended without a result is recorded as lost and comes alone, so that what killed a process once takes
        nothing with it the next time.

        What a request finds takes the same time however many listeners there are, and however much is pending.

        `window`: in place of all this (and of `limit`) take what leaves together: the deliveries to one target whose
        events are of one window of so many seconds (see `pulp_events.outbox.window`), once it is over. With `ordered`,
        none while an older one is leased or waits for its retry. What was claimed together and failed, or was lost, is
        claimed together again, without any other.

        `ids`: only the listener's deliveries with these ids, and of what leaves together only that which has one of
        them in it, whole. Nothing else is claimed, or changed in any way. With `ordered`, none while an older delivery
        is pending that is not among them; the wait is then as long as that is certain to last, or `records.HELD_UP`.

        `rate`: no more than the listener's bucket of tokens has, which all who claim share (see `outbox.rate`). Each
        delivery takes one, what leaves together takes one in all, and a retry as well as a first attempt. What cannot
        be claimed for want of tokens is waited for: `waits` is no shorter, and `throttled` says so.

        What has expired is not claimed, but declared dead (transition `expire`).
        """

    def record(self, results: Sequence[Result]) -> Sequence[bool]:
        """Store attempts and what follows from each, in one transaction; False for each that came too late.

        No two are of one delivery. `succeed` holds for any delivery still pending; the others only while the
        delivery's lease is the one it was claimed under.
        """

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give claimed deliveries back unattempted, and the tokens that they took of a rate."""

    def expire(self, deliveries: Sequence[Delivery]) -> None:
        """Declare claimed deliveries dead, unattempted: they expired meanwhile. Otherwise as `release`."""

    def extend(self, deliveries: Sequence[Delivery], lease: float) -> None:
        """Let their leases end `lease` seconds from now."""

    def bury(self, listener_id: str, reason: str, targets: Sequence[str] | None = None) -> int:
        """Declare the listener's pending deliveries dead (only those for `targets`, if given); returns how many."""

    def changed(self) -> bool:
        """True if anybody else wrote since the last call: not by a method of this object. Cheap: it is asked some dozen
        times a second."""

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
        """Events that fit, the newest first or the oldest, at most `limit`.

        `before`, `after`: only those whose `place` is below, or above; with the place of the last one of a page, what
        comes next.
        """

    def add_deliveries(self, additions: Sequence[Addition]) -> Sequence[str | None]:
        """Add deliveries to events that are stored, durable on return; their ids are new ones.

        None in place of an id: the event is gone, or has a delivery for that listener and target, of whatever state,
        which only an addition with `repeat_of` may repeat, and that once: then its repeat is what may be repeated.
        However many ask at once, there is one.
        """

    def begin_erasure(self, by: str, asked: str) -> str:
        """Record that somebody is going to erase events; returns the id of the record."""

    def erase(self, event_ids: Sequence[str], erasure: str | None) -> Erased:
        """Remove what the events with these ids hold: their reports (`erasure.marker` takes their place), their
        fingerprints, the details of their attempts and deliveries, and of the health of listeners that had one.

        Their pending deliveries are dead (transition `erase`); nothing sends any of their deliveries again: `revive`
        and `add_deliveries` pass them over. An attempt that is recorded later leaves no detail. Ids of which there is
        no event, or one that was erased, are passed over. The counts are added to the record `erasure`; with None,
        nothing is changed, and it is only counted.
        """

    def scrub(self, timeout: float) -> Sequence[str]:
        """See to it that nothing of what was erased is left in the store's files, and note in the records that it is.

        It holds up all who write for a while that grows with the store. Returns places that it knows of, and may not
        touch, that may still hold something, a sentence for each. Raises StoreBusy where others keep it from that for
        `timeout` seconds; it is then to be called again.
        """

    def erasures(self, limit: int) -> Sequence[Erasure]:
        """The records of what was erased, the newest first."""

    def find(
        self,
        query: DeliveryQuery,
        limit: int,
        before: str | None = None,
        *,
        after: str | None = None,
        oldest_first: bool = False,
    ) -> Sequence[Delivery]:
        """Deliveries that fit, the newest first or the oldest, at most `limit`.

        `before`, `after`: only those that were stored before, or after, the delivery with this id: with that of the
        last one of a page, what comes next.
        """

    def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        """The attempts of a delivery, the first one first."""

    def revive(self, query: DeliveryQuery, limit: int) -> int:
        """Make at most `limit` dead deliveries that fit pending again, for good: they do not expire any more. Returns
        how many."""

    def hasten(self, query: DeliveryQuery, limit: int) -> int:
        """Let at most `limit` pending deliveries that fit be due now; returns how many.

        Those that are due already, and those that somebody is attempting, are not among them.
        """

    def discard(self, query: DeliveryQuery, reason: str, limit: int) -> int:
        """Declare at most `limit` pending deliveries that fit dead; returns how many. None that is being attempted."""

    def purge(self, query: DeliveryQuery, limit: int, keep_events: float = 0.0) -> int:
        """Delete at most `limit` finished deliveries that fit; returns how many.

        An event goes with its last delivery, unless it was emitted less than `keep_events` seconds ago: then `maintain`
        deletes it later.
        """

    def count(self, query: DeliveryQuery) -> int:
        """How many deliveries fit."""

    def stats(self) -> Stats:
        """Counts."""

    def backlog(self, most: int) -> int:
        """How many deliveries are pending, counted no further than `most`."""

    def free_space(self) -> int | None:
        """Bytes that are free where events are stored; None where that cannot be told."""

    def note_dropped(self, counts: Mapping[str, int]) -> None:
        """Add to how many events were dropped, by event type; `stats` has the sums."""

    def health(self) -> Mapping[str, Health]:
        """How deliveries went, by listener id."""

    def forget_health(self, listener_id: str) -> None:
        """Clear a listener's record of failures, and its bucket of tokens: it was enabled, or deleted."""

    def note(self, key: str, text: str) -> None:
        """Keep a short text under this key, in place of what is there. Not for much: it stays until it is replaced."""

    def notes(self, prefix: str) -> Mapping[str, str]:
        """Texts by their keys, of those keys that begin so."""

    def maintain(self, keep: Mapping[State, float], keep_events: float = 0.0) -> bool:
        """One small step of cleaning; True if there is more to do at once.

        `keep`: for each state that ends a delivery, the seconds after which such a delivery is deleted. An event is
        deleted when it has no delivery any more, or never had one, and was emitted `keep_events` ago. What has expired
        is declared dead, whoever may claim it.
        """

    def close(self) -> None:
        """Let go of files and connections."""
