"""`Lifecycle`: how an event bus is put together, closed, and made again in a forked child."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pulp_events.bus import homes, unclosed
from pulp_events.bus.deliveries import Deliveries
from pulp_events.bus.delivering import Delivering
from pulp_events.bus.delivery_mode import Deliver
from pulp_events.bus.emitting import Emitting
from pulp_events.bus.emitting_threads import EmittingThreads
from pulp_events.bus.events import Events
from pulp_events.bus.grace import Grace
from pulp_events.bus.homes import Home
from pulp_events.bus.refusals import RAISE
from pulp_events.bus.remembering import TypeMemory
from pulp_events.bus.stores import open_listener_store, refuse_newer_outbox
from pulp_events.errors import BusClosed, EventsError
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listeners import Listeners
from pulp_events.listeners.writing import said_by
from pulp_events.plugins.observers import Observers
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system import forks, replacement
from pulp_events.system.arguments import check_seconds
from pulp_events.system.clock import Clock
from pulp_events.system.exclusive import InUse
from pulp_events.system.late_imports import imports_late
from pulp_events.system.who import user_and_program

# What emits and delivers is imported when it is first needed: a program that only manages listeners starts sooner.
if TYPE_CHECKING:
    from datetime import datetime

    from pulp_events.bus.emitter import Emitter
    from pulp_events.bus.waiting_reason import Sources
    from pulp_events.dispatcher.dispatcher import Dispatcher
    from pulp_events.dispatcher.heartbeat import Heartbeat
    from pulp_events.events.event import Event
    from pulp_events.events.jsonable import Encode
    from pulp_events.outbox.store import Outbox

_CLOSED = "this event bus was closed; open another one"


class Lifecycle:
    """The parts of an event bus, and their life: opened late, closed in order, made again after a fork."""

    listeners: Listeners
    _index: ListenerIndex
    _emitting: Emitting

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        data_dir: Path,
        deliver: Deliver,
        clock: Clock,
        dice: Random,
        imports: Sequence[str] = (),
        by: str | None = None,
        encode: Encode | None = None,
        on_error: str = RAISE,
    ) -> None:
        """Not for applications: use `EventBus.open`."""
        self.settings: Settings = settings
        self.plugins = plugins
        self.data_dir = data_dir
        self.clock = clock
        self._by = user_and_program if by is None else said_by(by)
        self._encode = encode
        self._on_error = on_error
        self._closed = self._closing = False
        self._in_use = InUse()
        stand_in = homes.stand_in()
        own = stand_in.home_for(self) if stand_in is not None else self._open_home(deliver, dice, imports)
        self._live_in(own)
        self._forked = False
        forks.take_part(self)
        self.deliveries: Deliveries = Deliveries(
            self._open_outbox,
            lambda: self._delivering.look_soon(),
            lambda name: self.listeners.get(name).id,
            lambda: self._index.known_ids(),
            lambda: {each.id: each.notifier_type_id for each in self.listeners.list()},
            settings,
            clock,
            self._sources,
            lambda author: self.listeners.by(author).list(),
        )
        self.events: Events = Events(self._open_outbox)
        self._assemble()
        homes.join(self)
        unclosed.opened(self)

    def move(self, home: Home) -> Home:
        """Not for applications: work from now on with other stores, in a test. Returns those before, with which nobody
        works any more.

        What is under way is ended as by `close`; nothing is drained: what is pending there is left as it is.
        """
        with self._lock:
            left, open_here = self._home, not self._closed and not self._forked
            if open_here:
                # Its threads are waited for: they would claim what is emitted when it is at home again.
                self._delivering.stop(Grace(None), drain=False, tell=False)
                self._threads.stop()
                self._emitting.refusals.close()
            self._live_in(home)
            if open_here:
                self._assemble()
        return left

    def _open_home(self, deliver: Deliver, dice: Random, imports: Sequence[str]) -> Home:
        replacement.finish(self.data_dir)
        store = open_listener_store(self.settings, self.plugins, self.data_dir)
        given = (deliver, self.settings, self.plugins, self.data_dir, self.clock, dice, imports)
        return Home(self.settings, self.plugins, store, Delivering(*given))

    def _live_in(self, home: Home) -> None:
        self._home = home
        self.settings, self._store, self._delivering = home.settings, home.store, home.delivering

    def close(self, grace: float | None = None, *, drain: bool = True) -> None:
        """Close within `grace` seconds: finish the deliveries under way, leave the others stored, release everything.

        By default that is 5 seconds, and what is under way to an endpoint that does not answer is not waited for: that
        did not answer the last attempt in time, or never did and has been silent for 2 seconds. Whoever names the
        seconds has these waited for, too. Deliveries that wait for a retry are never waited for. What is left is
        logged. `drain`: with `deliver="background"`, first make the deliveries that are due now, so that a short
        program's events are delivered. The rest is delivered by the next process on the same data folder.

        Raises EventsError if this same thread is in the middle of an `emit`, as in a signal handler; nothing is
        closed then.
        """
        check_seconds(grace, "grace", none=True)
        forks.notice()
        if self._closed:
            return
        if self._in_use.here:
            raise EventsError(
                "close() was called from a signal handler, finalizer or hook while the same thread was emitting; "
                "nothing was closed: let the handler set a flag, and close the bus in the main program"
            )
        self._closing = not self._forked  # first: what delivers goes on using the listeners
        self._closed = True
        unclosed.closed(self)
        if not self._forked:
            self._delivering.stop(Grace(grace), drain)
            self._threads.stop()
            self._closing = False
            self._types.look()
        if not self._forked:
            self._emitting.refusals.close()
        self._home.close()

    @property
    def home(self) -> Home:
        """Not for applications: the stores that it works with, and what delivers."""
        return self._home

    @property
    def is_closed(self) -> bool:
        """True from the beginning of `close` on."""
        return self._closed

    @property
    def dropped(self) -> int:
        """How many events this bus dropped since it was opened, or forked, that is, did not store and raised nothing:
        see `[events] when_full` and `on_error`."""
        return self._emitting.dropped.total

    @property
    def refused(self) -> Mapping[str, int]:
        """How many events `emit` could not emit since the bus was opened, or forked, by the name of the error's class;
        whether it raised the error or logged it."""
        return dict(self._emitting.refusals.counts)

    def refuse(self, error: EventsError, event_types: Sequence[str]) -> None:
        """Not for applications: events of these types cannot be emitted; raise the error, or log it, as `on_error`
        says."""
        self._emitting.refusals.take(error, [(each,) for each in event_types])

    @property
    def outbox(self) -> Outbox:
        """The store of deliveries, opened when it is first needed."""
        return self._delivering.outbox

    @property
    def place(self) -> str:
        """Where this bus has its records, for people: the data folder, or what a plugin's stores say of themselves."""
        from pulp_events.bus.places import described

        return described(self.outbox, self._store, self.data_dir)

    @property
    def dispatcher(self) -> Dispatcher:
        """What makes deliveries, made when it is first needed."""
        return self._delivering.dispatcher

    @property
    def heartbeat(self) -> Heartbeat:
        """Not for applications: what tells the store that this process is at work."""
        return self._delivering.heartbeat

    @property
    def delivers_here(self) -> bool:
        """Whether this process makes deliveries, or looks after one that does."""
        return self._delivering.mode.lives_here

    @property
    def own_silence(self) -> float | None:
        """Not for applications: seconds since the dispatcher of this process last went round; None where others
        deliver. Several times a second it does, but for the time that a store takes."""
        return self._delivering.mode.silence()

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def before_fork(self) -> None:
        """Not for applications: see `forks`. There is nothing to release here."""

    def after_fork(self, in_child: bool) -> None:
        """Not for applications: in a child there are none of our threads; what had them is made again when the child
        first uses the bus."""
        if in_child:
            self._in_use = InUse()
            self._forked = True
            unclosed.closed(self)
            self._lock = threading.RLock()
            self._delivering.forked()

    def _assemble(self, index: ListenerIndex | None = None, emitter: Emitter | None = None) -> None:
        """Make everything that has threads, locks or channels: at the start, and again in a forked child.

        `index`, `emitter`: those of the parent process, for what they know.
        """
        self._lock = threading.RLock()
        observers = Observers(self._home.plugins, self.settings)
        self._index = ListenerIndex(self._store, index)
        self._threads = EmittingThreads()
        self._types = TypeMemory(self.plugins, self._store, self.settings, self.clock)
        self.plugins.event_types.elsewhere = self._types.others
        self._emitting = Emitting(
            self.settings, self.plugins, self._store, self._index, observers, self._delivering, self._types, self.clock,
            self._in_use, on_error=self._on_error, encode=self._encode, before=emitter,
        )  # fmt: skip
        self.listeners: Listeners = Listeners(
            self._store,
            self._index,
            self.plugins,
            self.settings,
            self.clock,
            self._delivering.listener_deleted,
            self._delivering.listener_enabled,
            self._delivering.listener_unmuted,
            observers.tell_changed,
            self._by,
            self._check_changing,
            self._check_at_hand,
        )
        if self._delivering.mode.imports_emitter_at_open:
            self._emitting.make()
        self._delivering.start(
            self._index, self._store, self.listeners, lambda: self._emitting.parts, self._types.look_again
        )

    def _open_outbox(self) -> Outbox:
        self._check_open()
        return self.outbox

    def _sources(self) -> Sources:
        from pulp_events.bus.waiting_reason import Sources

        delivery = self.settings.section("delivery")
        return Sources(
            self._open_outbox(),
            self._index.by_id(),
            self.plugins.notifiers,
            self.listeners.window,
            self.listeners.rate,
            int(delivery["lanes"]),
            len(delivery["retry_schedule"]),
            self.clock.time(),
        )

    def _check_open(self) -> None:
        forks.notice()
        if self._closed and not (self._closing and self._is_calling()):
            raise BusClosed(_CLOSED)
        if self._forked:
            with self._lock:
                if self._forked:
                    self._forked = False
                    unclosed.opened(self)
                    self._assemble(self._index, self._emitting.known)

    def _check_at_hand(self) -> None:
        """Listeners are read and changed until what delivers has stopped: it needs them to its end."""
        if self._closed and not self._closing:
            raise BusClosed(_CLOSED)

    def _check_changing(self) -> None:
        self._check_at_hand()
        refuse_newer_outbox(self.settings, self.data_dir)

    @staticmethod
    def _is_calling() -> bool:
        """True in a function that a bus calls: if it could not emit while the bus closes, it would fail, and be called
        again."""
        from pulp_events.functions.calling import is_called

        return is_called()

    @imports_late
    def _emit(
        self,
        events: Iterable[Any],
        connection: Any = None,
        expires: float | datetime | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> list[Event]:
        given = [*events] if isinstance(events, Iterator) else events
        try:
            self._check_open()
        except EventsError as error:
            return self._emitting.refusals.take(error, given)
        return self._emitting.emit(given, connection, expires, scope, trace_context)
