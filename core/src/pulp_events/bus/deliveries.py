"""`bus.deliveries`: the ledger of what is to be delivered, was delivered, or could not be."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pulp_events.bus.asked import check_query
from pulp_events.errors import DeliveryNotFound, NotAllowed
from pulp_events.settings.kept import keep_purged
from pulp_events.system.arguments import (
    check_limit,
    check_moment,
    check_moment_or_none,
    check_place,
    check_seconds,
    check_text,
    check_texts,
    check_written,
)
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.ids import is_listener_id
from pulp_events.system.late_imports import imports_late

if TYPE_CHECKING:
    from datetime import datetime

    from pulp_events.bus.looking import Looked
    from pulp_events.bus.wait_cause import WaitingFor
    from pulp_events.bus.waiting_reason import Sources
    from pulp_events.listeners.author import Author
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.activity import By
    from pulp_events.outbox.delivery import Attempt, Delivery
    from pulp_events.outbox.records import DeliveryQuery, Health, Stats
    from pulp_events.outbox.states import Outcome
    from pulp_events.outbox.store import Outbox
    from pulp_events.settings.settings import Settings

PAGE = 500
"""Deliveries that one step of a long change takes."""
LONGEST_REASON = 1000
"""Characters of the reason of a discard."""


class Deliveries:
    """Questions to the outbox, and the changes that an administrator may make to it.

    A query may have the name of a listener in place of its id; ListenerNotFound is raised if no listener has it, and
    EventsError for a query that nothing can fit, such as one for a state that there is not, or a time without zone.
    """

    def __init__(
        self,
        outbox: Callable[[], Outbox],
        on_revived: Callable[[], None],
        id_of: Callable[[str], str],
        known_ids: Callable[[], Sequence[str] | None],
        notifiers: Callable[[], Mapping[str, str]],
        settings: Settings,
        clock: Clock,
        sources: Callable[[], Sources],
        seen_by: Callable[[Author], Sequence[Listener]] = lambda author: (),
    ) -> None:
        """`id_of`: the id of the listener with this name. `known_ids`: those of all listeners; None: nobody knows.
        `notifiers`: the notifier type of each listener, by id. `sources`: what it is told from why a delivery waits.
        `seen_by`: the listeners that an untrusted author may see."""
        self._sources = sources
        self._outbox = outbox
        self._on_revived = on_revived
        self._id_of = id_of
        self._known_ids = known_ids
        self._notifiers = notifiers
        self._settings = settings
        self._clock = clock
        self._seen_by = seen_by
        self._author: Author | None = None

    def by(self, author: Author) -> Deliveries:
        """The same for this author: one who is not trusted sees, retries and discards only deliveries to listeners that
        he may see (`Listeners.by`), of events that these may get; to him there are no others.

        Raises NotAllowed where an untrusted author would act for somebody else.
        """
        if self._author is not None:
            raise NotAllowed(f"{self._author} cannot act for {author}")
        acting = copy.copy(self)
        acting._author = None if author.trusted else author
        return acting

    @imports_late
    def list(self, query: DeliveryQuery | None = None, *, limit: int = 50, before: str | None = None) -> list[Delivery]:
        """Deliveries that fit, newest first, at most `limit`; `before`: id of the last of the page before."""
        from pulp_events.outbox.records import DeliveryQuery

        check_limit(limit, "limit")
        check_text(before, "before")
        found = self._outbox().find(self._by_id(DeliveryQuery() if query is None else query), limit, before)
        return [*found] if self._author is None else [each.as_for_untrusted() for each in found]

    @imports_late
    def look(
        self,
        query: DeliveryQuery | None = None,
        *,
        limit: int = 50,
        before: str | None = None,
        place: int | None = None,
        seconds: float = 1.0,
    ) -> Looked[Delivery]:
        """The same as `list`, but it ends after some `seconds`, and says how far back it looked: see `Looked`.

        A filter that no index knows, such as `error`, may fit nothing among millions. To go on, give the `place` of the
        answer; or, where it has as many as asked for, the id of the last one as `before`.
        """
        from pulp_events.bus.looking import look_for_deliveries
        from pulp_events.outbox.records import DeliveryQuery

        check_limit(limit, "limit")
        check_text(before, "before")
        check_place(place, "place")
        check_seconds(seconds, "seconds")
        asked = self._by_id(DeliveryQuery() if query is None else query)
        looked = look_for_deliveries(self._outbox(), asked, limit, before, place, seconds)
        if self._author is None:
            return looked
        return replace(looked, found=[each.as_for_untrusted() for each in looked.found])

    @imports_late
    def get(self, delivery_id: str) -> Delivery:
        """One delivery; raises DeliveryNotFound."""
        from pulp_events.outbox.records import DeliveryQuery

        found = self._outbox().find(self._seen(DeliveryQuery(ids=[delivery_id])), 1)
        if not found:
            raise DeliveryNotFound(
                f"no delivery has the id {delivery_id!r}; `pulp-admin event delivery list` shows them"
            )
        return found[0] if self._author is None else found[0].as_for_untrusted()

    def attempts(self, delivery_id: str) -> list[Attempt]:  # type: ignore[valid-type]
        """The attempts of a delivery, the first one first."""
        if self._author is not None:
            self.get(delivery_id)
        return [*self._outbox().attempts(delivery_id)]

    @imports_late
    def waiting_for(self, deliveries: Sequence[Delivery]) -> Mapping[str, WaitingFor]:
        """What each of these deliveries waits for, by its id; those that are not pending are not in it.

        The answer is as of now. It does not depend on which process asks, but for a function that is not registered in
        this one, and, while no process delivers, a notifier that is not installed here.
        """
        from pulp_events.bus.waiting_reason import waiting_for

        return waiting_for(deliveries, self._sources())

    def retry(self, query: DeliveryQuery, *, again: bool = False) -> Iterator[int]:
        """Deliver again what fits, a page at a time, the oldest first; yields how many each page had.

        By the state that the query asks for; without one, *dead*:

        - *dead*: pending again, under its id; its schedule starts over
        - *pending*: due now, under its id, whatever its schedule says; one that is being attempted is left alone. What
          was due already, and waited for its listener's circuit or for the end of a pause, counts as well
        - *delivered*: a delivery of its own, which names the old one in `repeat_of`, so that a receiver that drops
          what it has does not drop it. What is a repeat, or was repeated before, is passed over: a call that was cut
          off goes on where it was if it is made again. `again`: whatever has no repeat yet is repeated, be it a repeat.

        Those to a listener that was deleted are left alone: nobody would make them.

        Whichever processes deliver, they attempt it at once: the circuits of these listeners are half open, with a
        single attempt that decides, and pauses that receivers asked for are over. An untrusted author ends neither.
        Mutes and rates hold all the same.
        """
        from pulp_events.outbox.states import State

        query = self._kept(self._by_id(query))
        if freed := self._free(query, again):
            yield freed
        if query.state == State.DELIVERED:
            from pulp_events.bus.repeating import repeat

            yield from self._noticed(repeat(self._outbox(), query, again, PAGE))
        elif query.state == State.PENDING:
            yield from self._noticed(_pages(lambda: self._outbox().hasten(query, PAGE)))
        else:
            for count in _pages(lambda: self._outbox().revive(query, PAGE)):
                self._on_revived()
                yield count

    @imports_late
    def count_retried(self, query: DeliveryQuery, *, again: bool = False) -> int:
        """How many deliveries `retry` would deliver again."""
        from pulp_events.bus.repeating import eligible

        now = from_timestamp(self._clock.time())
        query = self._kept(self._by_id(query))
        return self._outbox().count(eligible(query, again, now)) + self._held_up(query)

    def count_orphaned(self, query: DeliveryQuery) -> int:
        """How many of the deliveries that fit are to a listener that was deleted, and cannot be retried."""
        query = self._by_id(query)
        kept = self._kept(query)
        return 0 if kept is query else self._outbox().count(query) - self._outbox().count(kept)

    def discard(self, query: DeliveryQuery, reason: str) -> Iterator[int]:
        """Declare the pending deliveries that fit dead, for this reason; yields how many each page had.

        One that is being attempted is left alone. Raises EventsError for a reason that is empty or longer than
        `LONGEST_REASON` characters: each delivery keeps it.
        """
        check_written(reason, "reason", LONGEST_REASON)
        query = self._by_id(query)
        yield from _pages(lambda: self._outbox().discard(query, reason, PAGE))

    @imports_late
    def count_discarded(self, query: DeliveryQuery) -> int:
        """How many deliveries `discard` would declare dead: the pending ones that nobody is attempting now."""
        return self._outbox().count(replace(self._by_id(query), free_at=from_timestamp(self._clock.time())))

    def purge(self, query: DeliveryQuery) -> Iterator[int]:
        """Delete the finished deliveries that fit, a page at a time; yields how many each page had."""
        self._refuse_untrusted("delete deliveries")
        query = self._by_id(query)
        while count := self._outbox().purge(query, PAGE, keep_purged(self._settings)):
            yield count

    def count(self, query: DeliveryQuery) -> int:
        """How many deliveries fit."""
        return self._outbox().count(self._by_id(query))

    @imports_late
    def stats(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By | str = "listener",
        *,
        listener: str | Sequence[str] | None = None,
    ) -> Stats:
        """Counts of deliveries, in all and by listener; with `since`, what happened from then on, too.

        That is in `Stats.activity`: attempts, failures, seconds, a series, and what is pending, kept apart `by`
        listener, notifier type or event type (see `activity.By`). It is told in minutes for two hours, in hours for
        three days, and then in days, for 90 days.

        `listener`: only deliveries to this one, or these, by id or name; it takes as long however many others there
        are. What is said of stored and dropped events is about all of them. Raises EventsError for a time without zone
        and another `by`, ListenerNotFound.
        """
        from pulp_events.bus.activity import activity_of

        self._refuse_untrusted("ask for the counts of all; count() says how many there are of his")
        outbox = self._outbox()
        if since is not None:
            check_moment(since, "since")
            check_moment_or_none(until, "until")
        chosen = self._ids_of(listener)
        stats = outbox.stats() if chosen is None else outbox.stats(chosen)
        if since is None:
            return stats
        found = activity_of(
            outbox, since, until, by, chosen, self._notifiers(), self._settings.section("delivery")["lease"]
        )
        return replace(stats, activity=found)

    @imports_late
    def attempts_since(self, since: datetime) -> Mapping[str, Mapping[Outcome, int]]:
        """By listener id, how the attempts ended that were made from then on, in the pieces of time of `stats`; who had
        none is left out, so that it takes as long however many such listeners there are. Raises EventsError for a time
        without zone."""
        from pulp_events.bus.activity import activity_of
        from pulp_events.outbox.activity import By
        from pulp_events.outbox.states import Outcome
        from pulp_events.outbox.store import CountsWhatEnds

        self._refuse_untrusted("ask for the counts of all; count() says how many there are of his")
        check_moment(since, "since")
        outbox = self._outbox()
        if isinstance(outbox, CountsWhatEnds):
            found = outbox.happened([*Outcome], since)
            return {key: {Outcome(word): count for word, count in words.items()} for key, words in found.items()}
        lease = self._settings.section("delivery")["lease"]
        groups = activity_of(outbox, since, None, By.LISTENER, None, {}, lease).groups
        return {key: each.attempts for key, each in groups.items() if each.attempts}

    def health(self, listener: str | Sequence[str] | None = None) -> Mapping[str, Health]:
        """How deliveries went lately, by listener id; one to which nothing was attempted yet is not in it.

        `listener`: only of this one, or these, by id or name; it takes as long however many others there are. Raises
        ListenerNotFound for a name that no listener has.
        """
        chosen = self._ids_of(listener)
        if self._author is not None:
            seen = [each.id for each in self._seen_by(self._author)]
            chosen = seen if chosen is None else [each for each in seen if each in chosen]
        return self._outbox().health() if chosen is None else self._outbox().health(chosen)

    def _ids_of(self, listener: str | Sequence[str] | None) -> Sequence[str] | None:
        """The ids of these listeners, by their ids or names; None stands for all."""
        if listener is None:
            return None
        if not isinstance(listener, str):
            check_texts(listener, "listener")
        them = [listener] if isinstance(listener, str) else listener
        return [each if is_listener_id(each) else self._id_called(each) for each in them]

    def _refuse_untrusted(self, what: str) -> None:
        if self._author is not None:
            raise NotAllowed(f"{self._author} cannot {what}")

    def _by_id(self, query: DeliveryQuery) -> DeliveryQuery:
        check_query(query)
        if query.notifier_type_id is not None:
            of_type = {each for each, type_id in self._notifiers().items() if type_id == query.notifier_type_id}
            wanted = of_type if query.listener_ids is None else of_type & {*query.listener_ids}
            query = replace(query, notifier_type_id=None, listener_ids=sorted(wanted))
        if query.listener_id is None or is_listener_id(query.listener_id):
            return self._seen(query)
        return self._seen(replace(query, listener_id=self._id_called(query.listener_id)))

    @imports_late
    def _id_called(self, name: str) -> str:
        from pulp_events.listeners.lookup import named, not_found

        if self._author is None:
            return self._id_of(name)
        if (found := named(self._seen_by(self._author), name)) is None:
            raise not_found(name)
        return found.id

    @imports_late
    def _seen(self, query: DeliveryQuery) -> DeliveryQuery:
        """The query, for nothing but what the author may see: of his listeners, whose scope is his, and which may have
        had another scope or author when there was a delivery for them."""
        from pulp_events.bus.scopes import heard_with

        if self._author is None:
            return query
        his = self._seen_by(self._author)
        query = heard_with(query, self._author.scope, {each.author.name for each in his if each.author is not None})
        seen, wanted = {each.id for each in his}, query.listener_ids
        return replace(query, listener_ids=sorted(seen if wanted is None else seen & {*wanted}))

    def _kept(self, query: DeliveryQuery) -> DeliveryQuery:
        """The query, without deliveries to listeners that were deleted."""
        known = self._known_ids()
        if known is None:
            return query
        wanted = query.listener_ids
        return replace(query, listener_ids=known if wanted is None else sorted({*known} & {*wanted}))

    @imports_late
    def _free(self, query: DeliveryQuery, again: bool) -> int:
        """Let nothing hold up what a retry takes; returns how many were held up by nothing else."""
        from pulp_events.bus.holding import lift

        if self._author is not None:  # the receiver's wish, and the rest of a dead endpoint, are not his to end
            return 0
        count = self._held_up(query)
        if lift(self._outbox(), query, again, self._known_ids(), from_timestamp(self._clock.time())):
            self._on_revived()
        return count

    @imports_late
    def _held_up(self, query: DeliveryQuery) -> int:
        from pulp_events.bus.holding import due_but_held
        from pulp_events.outbox.states import State

        if self._author is not None or query.state != State.PENDING:
            return 0
        return due_but_held(self._outbox(), query, from_timestamp(self._clock.time()))

    def _noticed(self, pages: Iterator[int]) -> Iterator[int]:
        for count in pages:
            self._on_revived()
            yield count


def _pages(step: Callable[[], int]) -> Iterator[int]:
    """Until a page is not full: what fits again meanwhile, such as a retry that failed, is another's turn."""
    while count := step():
        yield count
        if count < PAGE:
            return
