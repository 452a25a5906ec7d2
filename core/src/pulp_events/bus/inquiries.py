"""`Inquiries`: what an event bus answers about listeners, past events, and both together."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pulp_events.bus.lifecycle import Lifecycle
from pulp_events.errors import EventsError
from pulp_events.system import guard
from pulp_events.system.arguments import check_limit, check_moment, check_written
from pulp_events.system.clock import from_timestamp
from pulp_events.system.late_imports import imports_late

# What emits and delivers is imported when it is first needed: a program that only manages listeners starts sooner.
if TYPE_CHECKING:
    from datetime import datetime

    from pulp_events.bus.backfilling import Backfilled
    from pulp_events.bus.backtest import Backtest
    from pulp_events.bus.explanation import Explanation
    from pulp_events.bus.past import PastExplanations
    from pulp_events.bus.trial import Trial
    from pulp_events.events.remembered import RememberedType
    from pulp_events.health.answer import Aspect, ServiceHealth
    from pulp_events.health.broken_records import BrokenRecords
    from pulp_events.listeners.author import Author
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.presence import Presence


class Inquiries(Lifecycle):
    """Questions about what listeners get or would get; only `test_listener` and `backfill` send or store anything."""

    @imports_late
    def test_listener(self, listener_id: str, *, author: Author | None = None) -> list[Trial]:
        """Send a marked test event to a listener now, enabled or not; one `Trial` for each target.

        `author`: who asks for it, as with `bus.listeners.by`. Nothing is stored or retried. Raises ListenerNotFound,
        UnknownNotifierType.
        """
        from pulp_events.bus.trial import send_test

        self._check_open()
        with guard.exits("a notifier"):
            listeners = self.listeners if author is None else self.listeners.by(author)
            return send_test(listeners.get(listener_id), self.plugins, self.settings, self.clock)

    @imports_late
    def explain(
        self,
        event_type: str,
        payload: Mapping[str, Any] | None = None,
        call_report: Mapping[str, Any] | None = None,
        *,
        scope: str | None = None,
    ) -> list[Explanation]:
        """For each listener: would it get such an event now, and why or why not? Nothing is stored or sent.

        `scope`: with which it would be emitted. Plugins enrich the event as in `emit`, and an event that `emit` would
        refuse is refused in the same way.
        """
        from pulp_events.bus.explanation import explain_all

        self._check_open()
        emitter, now = self._emitting.emitter, self.clock.time()
        return explain_all(emitter, self.listeners.list(), self.plugins, now, event_type, payload, call_report, scope)

    @imports_late
    def explain_event(self, event_id: str, *, most: int | None = None) -> PastExplanations:
        """Why a stored event went, or did not go, to each listener as the listeners were when it was emitted.

        That is told from their history, beside the deliveries that are still stored. Event types, filter, and whether
        it was disabled or muted are looked at; `[delivery] while_disabled` is that of now. Those that have deliveries
        come first. Each is explained when it is taken from the answer, a sequence. `most`: deliveries of each listener
        that are read for that, at least one; None: all. Raises EventNotFound.
        """
        from pulp_events.bus.deliveries_of_event import DeliveriesOfEvent
        from pulp_events.bus.past import PastExplanations

        self._check_open()
        if most is not None:
            check_limit(most, "most")
        event, deliveries = self.events.get(event_id), DeliveriesOfEvent(self.outbox, event_id, most)
        emitter, changes = self._emitting.emitter, None
        listeners = self.listeners.list()
        if self.listeners.keeps_history:  # read later: what is done meanwhile is in it
            changes = self.listeners.history(since=event.time)[::-1]
        return PastExplanations(event, deliveries, listeners, changes, emitter)

    @cached_property
    def _broken(self) -> BrokenRecords:
        from pulp_events.health.broken_records import BrokenRecords

        return BrokenRecords(self._store)

    def workers(self) -> list[Presence]:
        """The processes at work on the same store: workers, and applications, those that only emit among them.

        A process that was killed stays for a day, as `gone`, unless very many are. One that only emits, or delivers
        inline, is seen when it emits, and not in its first 20 seconds. Raises StoreError.
        """
        self._check_open()
        return [*self.outbox.presences()]

    def learn_event_types(self) -> Mapping[str, RememberedType]:
        """Know the event types that applications on the same store registered, as it remembers them; returns those.

        For programs of administrators, which have none of their own: a listener may be created for such a type, and
        its events be emitted and described. Nothing is learnt where the store cannot be read, or remembers none.
        """
        self._check_open()
        found = self._types.others()
        self.plugins.event_types.learn(each.event_type for each in found.values())
        return found

    def forget_event_types(self, names: Collection[str]) -> int:
        """Drop types of applications from the store; returns how many of these it had. An application that still has
        one tells of it again. Raises StoreError."""
        self._check_open()
        return self._types.forget(names)

    @imports_late
    def health(
        self,
        aspects: Collection[Aspect | str] | None = None,
        *,
        host: str | None = None,
        silence: float | None = None,
        max_pending: int | None = None,
        patience: float | None = None,
    ) -> ServiceHealth:
        """Whether events are delivered: `live`, `ready`, `degraded`, with what is wrong and what to do about it.

        Where this bus delivers by itself, `live` is about its own dispatcher; elsewhere about the processes whose
        heartbeats the outbox has. For `ready`, both stores are read, and a short note is written. It takes as long
        however many deliveries are kept, and raises nothing for a store that fails.

        `aspects`: `live`, `ready`, `degraded`, or some of them; the others are then None. `host`: only processes of
        that host or container (`os.uname().nodename`) count. `silence`: seconds without a heartbeat after which a
        process counts no more (90); they come every 15 to 25. `max_pending`: it is degraded when more is pending.
        `patience`: seconds for which a delivery may be overdue, or a listener fail, before it is degraded (60).
        Raises EventsError for arguments of another kind.
        """
        from pulp_events.bus.stores import outbox_path
        from pulp_events.health.look import PATIENCE, Look, aspects_of
        from pulp_events.health.processes import Processes
        from pulp_events.outbox.presence import SILENT

        self._check_open()
        asked = aspects_of(aspects)
        processes = Processes(self.outbox, host, SILENT if silence is None else silence)
        patience = PATIENCE if patience is None else patience
        file = outbox_path(self.settings, self.data_dir)
        return Look(self, self._store, self._broken, file, processes, max_pending, patience).answer(asked)

    @imports_late
    def backtest(
        self,
        listener: Listener | str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        sample: int | None = None,
        previews: bool = False,
    ) -> Backtest:
        """Which stored events a listener would be sent, beside its deliveries. Nothing is stored or sent.

        `listener`: one that there is, by id or name, or a record that there may be one day, as `bus.listeners.draft`
        and `draft_update` make it. Event types and filter decide; that a listener is disabled or muted, or has a rate,
        does not. A listener that gets only events of a scope is compared with these alone. `sample`: how many events of
        each kind, and messages, are kept at most; None: all of them. `previews`: render the messages, as far as the
        notifier can, and count those that cannot be rendered. Raises ListenerNotFound, and EventsError for a time
        without zone.
        """
        from pulp_events.bus.backtest import backtest
        from pulp_events.bus.preview import Previews

        self._check_open()
        if sample is not None:
            check_limit(sample, "sample")
        for name, moment in (("since", since), ("until", until)):
            if moment is not None:
                check_moment(moment, name)
        if not hasattr(listener, "notifier_type_id"):
            check_written(listener, "listener")
        tested = self.listeners.get(listener) if isinstance(listener, str) else listener
        installed = tested.notifier_type_id in self.plugins.notifiers
        scrubber = self.listeners.scrubber(tested) if installed else None
        made = Previews(tested, self.plugins, self.settings, scrubber) if previews else None
        window = self.listeners.window(tested)
        return backtest(tested, since, until, sample, self.events, self.deliveries, window, made)

    @imports_late
    def backfill(
        self,
        listener_id: str,
        *,
        since: datetime,
        until: datetime | None = None,
        rate: str | None = None,
        dry_run: bool = False,
        after: int = 0,
    ) -> Generator[Backfilled, None, None]:
        """Give a listener the stored events that it would have got, had it been there as it is now.

        Events emitted from `since` on and before `until` (now), of its types and scope and passing its filter, get a
        delivery for each target, unless there is one, whatever became of it. Iterate over the result: each step adds a
        batch and yields how far it is. What was broken off, or killed, is continued by the same call. Older events come
        first, also before new ones that are pending; with `rate`, such as `10/s`, so many are added in a time, and new
        ones are delivered between them.

        `dry_run`: nothing is added. `after`: `place` of the last step of an earlier call for the same times, which this
        one continues without looking again at what is before it. Raises ListenerNotFound, also when the listener is
        deleted meanwhile, StoreError, EventsError for a time without zone and for a malformed rate.
        """
        from pulp_events.bus.backfilling import Backfill
        from pulp_events.outbox.rate import Rate

        self._check_open()
        until = from_timestamp(self.clock.time()) if until is None else until
        check_moment(since, "since")
        check_moment(until, "until")
        if rate is not None:
            check_written(rate, "rate")
        try:
            allowed = None if rate is None else Rate.of(rate)
        except ValueError as error:
            raise EventsError(f"rate: {error}") from None
        found = self.listeners.get(listener_id).id
        return Backfill(
            self.outbox, lambda: self.listeners.get(found), self.listeners.window, since, until, allowed,
            dry_run=dry_run, after=after, on_added=self._delivering.look_soon, clock=self.clock,
        ).run()  # fmt: skip
