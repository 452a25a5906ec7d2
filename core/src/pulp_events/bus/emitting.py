"""`Emitting`: the half of a bus that emits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from pulp_events.bus.delivering import Delivering
from pulp_events.bus.dropped import Dropped
from pulp_events.bus.refusals import Refusals, is_in_transaction
from pulp_events.errors import EventsError
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.store import AsksThrough, ListenerStore
from pulp_events.plugins.observers import Observers
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock
from pulp_events.system.exclusive import Exclusive, InUse
from pulp_events.system.signal_handlers import raised_in_handler

if TYPE_CHECKING:
    from datetime import datetime

    from pulp_events.bus.emitter import Emitter, Prepared
    from pulp_events.bus.remembering import TypeMemory
    from pulp_events.bus.storing import Storing
    from pulp_events.events.event import Event
    from pulp_events.events.jsonable import Encode


class Emitting:
    """What prepares events and what stores them, each made when it is first needed, and what could not be emitted."""

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        store: ListenerStore,
        index: ListenerIndex,
        observers: Observers,
        delivering: Delivering,
        types: TypeMemory,
        clock: Clock,
        in_use: InUse,
        *,
        on_error: str,
        encode: Encode | None,
        before: Emitter | None = None,
    ) -> None:
        """`in_use`: notes which threads are storing events. `before`: the emitter of the parent process, for what it
        knows."""
        self._settings = settings
        self._plugins = plugins
        self._store = store
        self._index = index
        self._observers = observers
        self._delivering = delivering
        self._types = types
        self._clock = clock
        self._encode = encode
        self._before = before
        self._emitter: Emitter | None = None
        self._storing: Storing | None = None
        self._in_use = in_use
        self._making = Exclusive("making ready to emit")
        self.dropped: Dropped = Dropped(lambda: delivering.outbox, clock)
        self.refusals: Refusals = Refusals(on_error, self.dropped, clock, settings.section("events")["source"])

    @property
    def emitter(self) -> Emitter:
        """What prepares events."""
        return self._emitter or self.make()[0]

    @property
    def parts(self) -> tuple[Emitter, Storing]:
        """What prepares events, and what stores them."""
        if self._emitter is None or self._storing is None:
            return self.make()
        return self._emitter, self._storing

    @property
    def known(self) -> Emitter | None:
        """An emitter that knows schemas by now, for a child process."""
        return self._emitter or self._before

    def make(self) -> tuple[Emitter, Storing]:
        """Make them, with all that has to be imported for it. Raises Reentered in the middle of just that."""
        return self._making.run(self._make)

    def _make(self) -> tuple[Emitter, Storing]:
        if self._emitter is not None and self._storing is not None:
            return self._emitter, self._storing
        from pulp_events.bus.emitter import Emitter
        from pulp_events.bus.storing import Storing

        self._storing = storing = Storing(
            self._settings, lambda: self._delivering.outbox, self._delivering.mode, self._observers, self._clock,
            self.dropped,
        )  # fmt: skip
        self._emitter = emitter = Emitter(
            self._settings, self._plugins, self._index, self._observers, self._clock, self._before, self._encode
        )
        self._before = None
        return emitter, storing

    def emit(
        self,
        given: Iterable[Any],
        connection: Any = None,
        expires: float | datetime | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> list[Event]:
        """See `EventBus.emit_many`. Raises what cannot be emitted, or logs it, as `on_error` says."""
        try:
            emitter, storing = self.parts
            with self.asking_through(connection):
                prepared = emitter.prepare_all(given, expires, scope, trace_context)
        except EventsError as error:  # what else is raised is the application's own: it made the payload
            return self.refusals.take(error, given)
        began = not self.refusals.raises and is_in_transaction(connection)
        try:
            emitted = self._in_use.run(self._store_and_send, storing, prepared, connection)
        except Exception as error:
            if raised_in_handler(error):
                raise
            if began and not is_in_transaction(connection):
                raise  # the database gave up the application's own transaction: it must not believe that it goes on
            return self.refusals.take(error, given, [each.event for each in prepared])
        self.refusals.stored()
        return emitted

    def _store_and_send(self, storing: Storing, prepared: list[Prepared], connection: Any) -> list[Event]:
        emitted = storing.store(prepared, connection)
        if connection is None:  # else nothing of ours is to be connected
            self._delivering.mode.on_emitted()
            self._types.look()
        return emitted

    def asking_through(self, connection: Any) -> AbstractContextManager[None]:
        """Where the listeners are asked for: on the application's connection if it emits with one."""
        if connection is None or not isinstance(self._store, AsksThrough):
            return nullcontext()
        return self._store.through(connection)
