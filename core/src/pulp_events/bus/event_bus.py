"""`EventBus`: what an application opens, emits events on, and closes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pulp_events.bus.deliveries import Deliveries
from pulp_events.bus.delivering import Delivering
from pulp_events.bus.delivery_mode import MODES
from pulp_events.bus.emitting_threads import EmittingThreads
from pulp_events.bus.events import Events
from pulp_events.bus.stores import open_listener_store
from pulp_events.errors import BusClosed, EventsError
from pulp_events.events.event_type import EventTypes
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listeners import Listeners, said_by
from pulp_events.plugins.observers import Observers
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.paths import absolute
from pulp_events.settings.settings import Settings
from pulp_events.system import forks, guard
from pulp_events.system.arguments import check_limit, check_moment, check_path, check_seconds, check_written
from pulp_events.system.clock import Clock, SystemClock, from_timestamp
from pulp_events.system.exclusive import InUse
from pulp_events.system.late_imports import imports_late
from pulp_events.system.who import user_and_program

# What emits and delivers is imported when it is first needed: a program that only manages listeners starts sooner.
if TYPE_CHECKING:
    from datetime import datetime

    from pulp_events.bus.backfilling import Backfilled
    from pulp_events.bus.backtest import Backtest
    from pulp_events.bus.emitter import Emitted, Emitter
    from pulp_events.bus.explanation import Explanation
    from pulp_events.bus.operation import Operation
    from pulp_events.bus.past import PastExplanation
    from pulp_events.bus.storing import Storing
    from pulp_events.bus.trial import Trial
    from pulp_events.dispatcher.dispatcher import Dispatcher
    from pulp_events.events.event import Event
    from pulp_events.functions.registration import F
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.store import Outbox


class EventBus:
    """Emits events to listeners. Open one for each application and share it between threads.

    `deliver` selects who makes the deliveries:

    - `background`: threads of this process (the default)
    - `emitted`: the same, but only for its own events, not for older deliveries: for a command that emits one event
    - `process`: a separate process, which ends with this one
    - `external`: not this process; `pulp-admin event worker` does it, on the same data folder
    - `inline`: `emit` itself, before it returns; failed deliveries are retried by `deliver_due()`
    """

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        data_dir: Path,
        deliver: str,
        clock: Clock,
        dice: Random,
        imports: Sequence[str] = (),
        by: str | None = None,
    ) -> None:
        """Not for applications: use `EventBus.open`."""
        self.settings = settings
        self.plugins = plugins
        self.data_dir = data_dir
        self.clock = clock
        self._by = user_and_program if by is None else said_by(by)
        self._closed = self._closing = False
        self._in_use = InUse()
        self._store = open_listener_store(settings, plugins, data_dir)
        self._delivering = Delivering(deliver, settings, plugins, data_dir, clock, dice, imports)
        self._forked = False
        forks.take_part(self)
        self.deliveries = Deliveries(
            self._open_outbox,
            self._delivering.look_soon,
            lambda name: self.listeners.get(name).id,
            lambda: self._index.known_ids(),
            settings,
            clock,
        )
        self.events = Events(self._open_outbox)
        self._assemble()

    @classmethod
    def open(
        cls,
        config: str | Path | None = None,
        *,
        deliver: str = "background",
        plugins: bool | Plugins = True,
        data_dir: str | Path | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        imports: Sequence[str] = (),
        by: str | None = None,
    ) -> EventBus:
        """Read server.conf (`config`, else $PULP_EVENTS_CONFIG, else /etc/pulp/server.conf), load plugins, begin.

        `plugins`: False loads none. `data_dir` replaces `[events] data_dir`. `clock` and `random` are for tests.
        `imports`: modules, such as `myapp.events`, to import and register the functions of that are marked with `on`.
        `by`: who changes listeners through this bus, for their history; by default the user and program of the process.
        Raises SettingsError, PluginError (a plugin's store), StoreError, EventsError (an argument of another kind, a
        module that cannot be imported), and what `on` raises.
        """
        if deliver not in MODES:
            raise EventsError(f"deliver={deliver!r} is unknown; use one of {', '.join(MODES)}")
        check_path(config, "config")
        check_path(data_dir, "data_dir")
        loaded = plugins if isinstance(plugins, Plugins) else Plugins.load() if plugins else Plugins()
        settings = Settings.load(config, loaded.settings_sections)
        folder = settings.data_dir if data_dir is None else absolute(data_dir, place="data_dir")
        if not imports:
            return cls(settings, loaded, folder, deliver, clock or SystemClock(), random or Random(), by=by)
        from pulp_events.functions.registering import import_all, register

        found = import_all(imports)  # first: that may take long, or fail
        bus = cls(settings, loaded, folder, deliver, clock or SystemClock(), random or Random(), tuple(imports), by)
        try:
            register(bus.plugins, bus.listeners, found)
        except BaseException:
            bus.close(drain=False)
            raise
        bus._delivering.look_soon()
        return bus

    @property
    def event_types(self) -> EventTypes:
        """The registry of event types; an application registers its own with `bus.event_types.register(…)`."""
        return self.plugins.event_types

    def emit(
        self,
        event_type: str,
        payload: Mapping[str, Any] | None = None,
        call_report: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        connection: Any = None,
        expires: float | datetime | None = None,
    ) -> Event:
        """Announce an event; durable when this returns.

        `payload` and `call_report`: what `jsonable.to_jsonable` takes. `connection`: an open connection of the
        application to the database that the outbox is in; the event then exists if and only if that commits.
        `expires`: seconds from now, or an aware datetime; no attempt begins from then on, and what is not delivered is
        dead.

        `id`: one that the application chooses, so that it may repeat the call: while an event with this id is stored,
        that one is returned, and nothing is stored or delivered again. Such an event is stored also where no listener
        matches it. For what an id may be, see `ids.is_event_id`.

        Raises UnknownEventType, InvalidEvent (with the path of the value), EventTooLarge, EventConflict (the id of an
        event with another content), StoreError, BusClosed; then nothing was stored.
        """
        self._check_open()
        return self._emit([(event_type, payload, call_report, id)], connection, expires)[0]

    def emit_many(
        self, events: Iterable[Emitted], *, connection: Any = None, expires: float | datetime | None = None
    ) -> list[Event]:
        """Announce several events, `(event_type, payload[, call_report[, id]])` each, in one transaction.

        `expires`: as of `emit`, for all of them.
        """
        self._check_open()
        return self._emit(events, connection, expires)

    @imports_late
    def _emit(
        self, events: Iterable[Any], connection: Any = None, expires: float | datetime | None = None
    ) -> list[Event]:
        emitter = self._emitter or self._make_emitter()
        prepared = emitter.prepare_all(events, expires)
        with self._in_use:
            return self._storing.store(prepared, connection)

    async def emit_async(
        self,
        event_type: str,
        payload: Mapping[str, Any] | None = None,
        call_report: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        expires: float | datetime | None = None,
    ) -> Event:
        """`emit` for asyncio: waits in a thread, never in the event loop. A cancelled call may still emit."""
        self._check_open()
        return await self._threads.run(self.emit, event_type, payload, call_report, id=id, expires=expires)

    @imports_late
    def operation(
        self,
        name: str,
        payload: Mapping[str, Any] | None = None,
        call_report: Mapping[str, Any] | None = None,
        *,
        expires: float | None = None,
    ) -> Operation:
        """A context manager that emits `NAME.start` and `NAME.finish` around a block; see `Operation`.

        `expires`: seconds after each of the two.
        """
        from pulp_events.bus.operation import Operation

        return Operation(self, name, payload, call_report, expires)

    @imports_late
    def on(
        self,
        *event_types: str,
        name: str | None = None,
        filter: str | None = None,
        retry_schedule: Sequence[float] | None = None,
        lanes: int | None = None,
        timeout: float | None = None,
        rate: str | None = None,
        expires: float | None = None,
    ) -> Callable[[F], F]:
        """Make a function a listener, by decorating it: `@bus.on("repo.sync.*")`. It stays as callable as it was.

        It is called with the event, or with the event and the `Delivery` if it requires two arguments, and may be a
        coroutine function. What it raises decides as with a notifier: TransientFailure and any other exception, again
        by the retry schedule; PermanentFailure, never again. Only processes that registered it call it; without one,
        its deliveries wait.

        `event_types`: names or patterns. `name`: what the function is called in the record; by default its module and
        qualified name. Whoever renames it makes another listener. `timeout`: seconds after which a call counts as
        failed, 300 by default. `filter`, `retry_schedule`, `lanes`, `rate`, `expires`: as `Listeners.create` takes
        them.

        The record is created with the first registration, whichever process makes it, and becomes what this says with
        each; whether it is enabled or muted stays. Raises InvalidConfig (a function without a stable name, a name that
        another function has, …), UnknownEventType, StoreError, BusClosed.
        """
        from pulp_events.functions import registering
        from pulp_events.functions.registration import Wish

        wish = Wish(event_types, name, filter, retry_schedule, lanes, timeout, rate, expires)

        def register(function: F) -> F:
            self._check_open()
            made = wish.of(function)
            if not self._delivering.mode.calls_here:
                registering.check_imported(made, self._delivering.imports)
            registering.register(self.plugins, self.listeners, [made])
            self._delivering.look_soon()
            return function

        return register

    @imports_late
    def wait(self, event: Event | str, timeout: float | None = None) -> list[Delivery]:
        """Wait until every delivery of an event (or event id) is delivered or dead, at most `timeout` seconds.

        Returns its deliveries as they are then: after a timeout some are still pending.
        """
        from pulp_events.bus.waiting import id_of, wait_until_done

        self._check_open()
        check_seconds(timeout, "timeout", none=True)
        return wait_until_done(self.outbox, id_of(event), timeout, lambda left: self.dispatcher.wait_for_record(left))

    @imports_late
    def test_listener(self, listener_id: str) -> list[Trial]:
        """Send a marked test event to a listener now, enabled or not; one `Trial` for each target.

        Nothing is stored or retried. Raises ListenerNotFound, UnknownNotifierType.
        """
        from pulp_events.bus.trial import send_test

        self._check_open()
        with guard.exits("a notifier"):
            return send_test(self.listeners.get(listener_id), self.plugins, self.settings, self.clock)

    @imports_late
    def explain(
        self, event_type: str, payload: Mapping[str, Any] | None = None, call_report: Mapping[str, Any] | None = None
    ) -> list[Explanation]:
        """For each listener: would it get such an event now, and why or why not? Nothing is stored or sent.

        Plugins enrich the event as in `emit`, and an event that `emit` would refuse is refused in the same way.
        """
        from pulp_events.bus.explanation import explain_all

        self._check_open()
        emitter, now = self._emitter or self._make_emitter(), self.clock.time()
        return explain_all(emitter, self.listeners.list(), self.plugins, now, event_type, payload, call_report)

    @imports_late
    def backfill(
        self,
        listener_id: str,
        *,
        since: datetime,
        until: datetime | None = None,
        rate: str | None = None,
        dry_run: bool = False,
    ) -> Iterator[Backfilled]:
        """Give a listener the stored events that it would have got, had it been there as it is now.

        Events emitted from `since` on and before `until` (now), of its types and passing its filter, get a delivery for
        each target, unless there is one, whatever became of it. Iterate over the result: each step adds a batch and
        yields how far it is. What was broken off, or killed, is continued by the same call. Older events come first,
        also before new ones that are pending; with `rate`, such as `10/s`, so many are added in a time, and new ones
        are delivered between them.

        `dry_run`: nothing is added. Raises ListenerNotFound, also when the listener is deleted meanwhile, StoreError,
        and EventsError for a time without zone and for a malformed rate.
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
            dry_run=dry_run, on_added=self._delivering.look_soon, clock=self.clock,
        ).run()  # fmt: skip

    @imports_late
    def explain_event(self, event_id: str) -> list[PastExplanation]:
        """Why a stored event went, or did not go, to each listener as the listeners were when it was emitted.

        That is told from their history, beside the deliveries that are still stored. Event types, filter, and whether
        it was disabled or muted are looked at; `[delivery] while_disabled` is that of now. Raises EventNotFound.
        """
        from pulp_events.bus.past import explain_past

        self._check_open()
        event, deliveries = self.events.get(event_id), self.events.deliveries(event_id)
        emitter, changes = self._emitter or self._make_emitter(), None
        listeners = self.listeners.list()
        if self.listeners.keeps_history:  # read later: what is done meanwhile is in it
            changes = self.listeners.history(since=event.time)[::-1]
        return explain_past(event, deliveries, listeners, changes, emitter)

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
        does not. `sample`: how many events of each kind, and messages, are kept at most; None: all of them.
        `previews`: render the messages, as far as the notifier can, and count those that cannot be rendered. Raises
        ListenerNotFound, and EventsError for a time without zone.
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
    def deliver_due(self) -> int:
        """Make every attempt that is due now, in this thread; returns how many there were. For `inline`, and tests."""
        self._check_open()
        with guard.exits("a notifier"):
            return self.dispatcher.run_due()

    def close(self, grace: float = 5.0, *, drain: bool = True) -> None:
        """Close within `grace` seconds: finish the deliveries under way, leave the others stored, release everything.

        `drain`: with `deliver="background"`, first make the deliveries that are due now, so that a short program's
        events are delivered. The rest is delivered by the next process on the same data folder.

        Raises EventsError if this same thread is in the middle of an `emit`, as in a signal handler; nothing is
        closed then.
        """
        check_seconds(grace, "grace")
        forks.notice()
        if self._closed:
            return
        if self._in_use.here:
            raise EventsError(
                "close() was called from a signal handler, finalizer or hook while the same thread was emitting; "
                "nothing was closed: let the handler set a flag, and close the bus in the main program"
            )
        self._closed = True
        if not self._forked:
            self._closing = True
            self._delivering.stop(grace, drain)
            self._threads.stop()
            self._closing = False
        if self._emitter is not None:
            self._storing.close()
        self._delivering.close_outbox()
        self._store.close()

    @property
    def dropped(self) -> int:
        """How many events this bus dropped since it was opened, or forked; see `[events] when_full`."""
        return 0 if self._emitter is None else self._storing.dropped

    @property
    def outbox(self) -> Outbox:
        """The store of deliveries, opened when it is first needed."""
        return self._delivering.outbox

    @property
    def dispatcher(self) -> Dispatcher:
        """What makes deliveries, made when it is first needed."""
        return self._delivering.dispatcher

    def __enter__(self) -> EventBus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def before_fork(self) -> None:
        """See `forks`: there is nothing to release here."""

    def after_fork(self, in_child: bool) -> None:
        """In a child there are none of our threads; what had them is made again when the child first uses the bus."""
        if in_child:
            self._in_use = InUse()
            self._forked = True
            self._lock = threading.RLock()
            self._delivering.forked()

    def _assemble(self) -> None:
        """Make everything that has threads, locks or channels: at the start, and again in a forked child."""
        self._lock = threading.RLock()
        self._observers = Observers(self.plugins, self.settings)
        self._index = ListenerIndex(self._store)
        self._emitter: Emitter | None = None
        self._storing: Storing
        self._threads = EmittingThreads()
        self.listeners = Listeners(
            self._store,
            self._index,
            self.plugins,
            self.settings,
            self.clock,
            self._delivering.listener_deleted,
            self._delivering.listener_enabled,
            self._delivering.listener_unmuted,
            self._observers.tell_changed,
            self._by,
        )
        if self._delivering.mode.imports_emitter_at_open:
            self._make_emitter()
        self._delivering.start(self._index, self.listeners, self._emit)

    def _make_emitter(self) -> Emitter:
        from pulp_events.bus.emitter import Emitter
        from pulp_events.bus.storing import Storing

        mode = self._delivering.mode
        self._storing = Storing(self.settings, lambda: self.outbox, mode.on_stored, self._observers, self.clock)
        self._emitter = emitter = Emitter(self.settings, self.plugins, self._index, self._observers, self.clock)
        return emitter

    def _open_outbox(self) -> Outbox:
        self._check_open()
        return self.outbox

    def _check_open(self) -> None:
        forks.notice()
        if self._closed and not (self._closing and self._is_calling()):
            raise BusClosed("this event bus was closed; open another one")
        if self._forked:
            with self._lock:
                if self._forked:
                    self._forked = False
                    self._assemble()

    @staticmethod
    def _is_calling() -> bool:
        """True in a function that a bus calls: if it could not emit while the bus closes, it would fail, and be called
        again."""
        from pulp_events.functions.calling import is_called

        return is_called()
