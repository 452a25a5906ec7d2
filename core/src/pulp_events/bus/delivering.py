"""`Delivering`: the half of a bus that delivers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from pulp_events.bus.delivery_mode import MODES, Deliver, Means, Mode, WorkerCommand
from pulp_events.bus.grace import Grace
from pulp_events.bus.left import tell_of_rest, tell_of_unknown_rest
from pulp_events.bus.stores import lacks_tables, open_outbox
from pulp_events.errors import EventsError, StoreError
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.listeners import Listeners
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock
from pulp_events.system.late_imports import imports_late
from pulp_events.system.log_fields import fields
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    from pulp_events.bus.emitter import Emitter
    from pulp_events.bus.storing import Storing
    from pulp_events.dispatcher.dispatcher import Dispatcher
    from pulp_events.dispatcher.heartbeat import Heartbeat
    from pulp_events.listeners.store import ListenerStore
    from pulp_events.outbox.store import FollowsListeners, Outbox

LONG_LIVED = 20.0
"""Seconds after which a process that only emits is worth telling of: a command that emits an event is not."""
STORING = 1.0
"""Seconds beyond `grace` for which a bus that closes waits for other transactions, to store what attempts came to."""
LISTENER_DELETED = "the listener was deleted"
"""Why what was pending for it is dead."""
_logger = get_logger(__name__)


class Delivering:
    """The outbox and the dispatcher, each made when it is first needed, and the mode that sets them to work."""

    _index: ListenerIndex
    _listeners: Listeners
    _emits: Callable[[], tuple[Emitter, Storing]]
    _on_beat: Callable[[], None]

    def __init__(
        self,
        deliver: Deliver,
        settings: Settings,
        plugins: Plugins,
        data_dir: Path,
        clock: Clock,
        dice: Random,
        imports: Sequence[str] = (),
        outbox: Outbox | None = None,
    ) -> None:
        """`imports`: modules whose functions a process that delivers for this one is to have. `outbox`: the one to use,
        in a test; None: what the settings say."""
        self.imports = imports
        self._settings = settings
        self._plugins = plugins
        self._data_dir = data_dir
        self._clock = clock
        self._dice = dice
        self._lock = threading.RLock()
        self._outbox = outbox
        self._dispatcher: Dispatcher | None = None
        self._heartbeat: Heartbeat | None = None
        self.mode: Mode = MODES[deliver](Means(lambda: self.dispatcher, self._worker_command, self._beat))

    def start(
        self,
        index: ListenerIndex,
        store: ListenerStore,
        listeners: Listeners,
        emits: Callable[[], tuple[Emitter, Storing]],
        on_beat: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin, in a process that has no dispatcher yet. `emits`: what emits, made when it is first needed.
        `on_beat`: what else is to be done with each heartbeat."""
        self._index = index
        self._store = store
        self._listeners = listeners
        self._emits = emits
        self._on_beat = on_beat
        self._dispatcher = self._heartbeat = None
        self._end_by(None)
        self._began = self._clock.monotonic()
        self.mode.start()
        self._make_tables()

    @property
    @imports_late
    def outbox(self) -> Outbox:
        """The store of deliveries."""
        if self._outbox is None:
            with self._lock:
                if self._outbox is None:
                    self._outbox = open_outbox(self._settings, self._plugins, self._data_dir, self._clock)
        return self._outbox

    @property
    @imports_late
    def dispatcher(self) -> Dispatcher:
        """What makes deliveries."""
        if self._dispatcher is None:
            from pulp_events.about.lookout import Lookout
            from pulp_events.bus.announcing import Announcer
            from pulp_events.dispatcher.assembly import make_dispatcher

            outbox = self.outbox
            announcer = Announcer(outbox, self._emits)
            lookout = Lookout(outbox, self._store, self._index, self._settings, self._clock, announcer.announce)
            with self._lock:
                if self._dispatcher is None:
                    self._dispatcher = make_dispatcher(
                        outbox, self._index, self._plugins, self._settings, self._clock, self._dice, self._disable,
                        self.heartbeat, lookout.look,
                    )  # fmt: skip
        return self._dispatcher

    @property
    @imports_late
    def heartbeat(self) -> Heartbeat:
        """What tells the store that this process is at work."""
        if self._heartbeat is None:
            from pulp_events.dispatcher.heartbeat import Heartbeat

            outbox = self.outbox
            with self._lock:
                if self._heartbeat is None:
                    self._heartbeat = Heartbeat(outbox, self._plugins, self._clock, self._began, self._on_beat)
        return self._heartbeat

    def look_soon(self) -> None:
        """What waits may be due now."""
        if self._dispatcher is not None:
            self._dispatcher.look_soon()

    def listener_deleted(self, listener: Listener, connection: Any = None) -> None:
        """What is pending for it is dead; with a `connection`, once its transaction commits."""
        if connection is not None:
            self._follows().forget_within(connection, listener.id, LISTENER_DELETED)
            return
        self.outbox.bury(listener.id, LISTENER_DELETED)
        self.outbox.forget_health(listener.id)

    def listener_enabled(self, listener: Listener, connection: Any = None) -> None:
        """Its earlier failures are forgotten, and what waits for a retry is due soon: see `dispatcher/renewal.py`."""
        if connection is not None:
            self._follows().forget_within(connection, listener.id, None)
            return
        from pulp_events.dispatcher.renewal import mark

        self.outbox.forget_health(listener.id)
        # Not left to a dispatcher: it may have met the enabled listener already, when the outbox had not yet forgotten.
        while self.outbox.renew({listener.id: mark(listener)}, self._dice.random):
            pass
        self.look_soon()

    def listener_unmuted(self, listener: Listener, connection: Any = None) -> None:
        """Its pending deliveries are due. How its deliveries went is as true as it was: a mute says nothing of that."""
        self.look_soon()

    def _follows(self) -> FollowsListeners:
        from pulp_events.outbox.store import FollowsListeners

        found = self.outbox
        if not isinstance(found, FollowsListeners):
            raise StoreError(
                f"deliveries are stored by {type(found).__name__}, which cannot join the transaction of connection: "
                "leave connection out, or keep deliveries in the same database"
            )
        return found

    def stop(self, grace: Grace, drain: bool, *, tell: bool = True) -> None:
        """End deliveries within `grace`; `drain`: first make those that are due; `tell`: say what is left."""
        self._end_by(grace.until + STORING)
        self.mode.stop(grace, drain)
        if self._dispatcher is not None:
            self._dispatcher.stop(grace.left, patient=grace.patient)
        if tell and self.mode.tells_of_rest:
            self._tell_of_rest(drain)
        if self._heartbeat is not None:
            self._heartbeat.end()

    def _tell_of_rest(self, drained: bool) -> None:
        if self._outbox is None:  # never used here
            return
        own = self._dispatcher
        hindrance, cut_off = (None, frozenset[str]()) if own is None else (own.hindrance, own.cut_off)
        try:
            tell_of_rest(self.mode.left(self._outbox), drained, hindrance, cut_off, self._clock.time())
        except StoreError as error:
            tell_of_unknown_rest(error)

    def _end_by(self, moment: float | None) -> None:
        from pulp_events.outbox.store import EndsInTime

        if self._outbox is not None and isinstance(self._outbox, EndsInTime):
            self._outbox.end_by(moment)

    def close_outbox(self) -> None:
        """Let go of the outbox, if it was opened."""
        if self._outbox is not None:
            self._outbox.close()

    def forked(self) -> None:
        """This is a child: the parent's threads are not here, and its locks may be held by them."""
        self._lock = threading.RLock()
        self.mode = self.mode.in_child()

    def _beat(self, delivers: bool) -> None:
        now = self._clock.monotonic()
        if now - self._began < LONG_LIVED or (self._heartbeat is not None and not self._heartbeat.is_due(now)):
            return
        try:
            self.heartbeat.beat(delivers=delivers)
        except EventsError as error:  # an outbox that cannot be opened: whoever needs it is told
            _logger.debug("the outbox does not know of this process: %s", error)

    def _make_tables(self) -> None:
        """In the application's own database, now: the first `emit` may come in a transaction, which keeps us out."""
        if self._outbox is not None:
            return
        try:
            if lacks_tables(self._settings, self._data_dir):
                assert self.outbox is not None
        except EventsError as error:  # listeners can be managed without; whoever needs the outbox is told
            _logger.debug("the outbox has no tables yet: %s", error)

    def _disable(self, listener: Listener, reason: str) -> None:
        """A listener's endpoint is to be left alone: record it, and announce it once."""
        from pulp_events.bus.announcing import Announcer

        if self._listeners.disable_for(listener.id, reason):
            _logger.warning("listener %s is disabled: %s", listener.id, reason, extra=fields(listener))
            Announcer(self.outbox, self._emits).disabled(listener, reason)

    def _worker_command(self) -> WorkerCommand:
        from pulp_events.processes.command import command

        assert self.outbox is not None  # so that a mistake in the settings shows here and not in the other process
        path, given = self._settings.path, self._settings.given
        own = command(path, self._data_dir, None, imports=self.imports, reads_settings=given is not None)
        return own, None if given is None else given.dump()
