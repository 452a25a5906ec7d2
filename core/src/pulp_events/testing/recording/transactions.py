"""Events that are emitted in transactions of the application: whether they exist is what its database says.

A database in memory, as that of Django's tests, can be asked by nobody else: its connection tells of the commit.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeGuard

from pulp_events.bus.stores import lacks_tables, open_outbox, outbox_of_plugin
from pulp_events.errors import EventsError, StoreError
from pulp_events.outbox.records import NewEvent
from pulp_events.outbox.sqlite.transactional import is_in_memory
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import StoredEvent
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock


class TellsOfCommit(Protocol):
    """A connection, such as Django's, that calls what it is given once its transaction commits."""

    def on_commit(self, func: Callable[[], object]) -> object:
        """Call `func` then."""


class Transactions:
    """The outbox in the application's database, where the settings say that it is there; opened for the first event
    with a connection. Events are stored in it without deliveries, so that nobody ever makes any."""

    def __init__(self, settings: Settings, plugins: Plugins, bus_folder: Any, clock: Clock) -> None:
        self._settings = settings
        self._plugins = plugins
        self._folder = bus_folder
        self._clock = clock
        self._lock = threading.RLock()
        self._outbox: Outbox | None = None
        self._open: dict[str, NewEvent] = {}
        self._told: dict[str, NewEvent] = {}
        """Those of databases in memory, until these commit."""
        self._committed: deque[NewEvent] = deque()
        with suppress(EventsError):  # whoever needs it is told
            if lacks_tables(settings, bus_folder):  # now: the first emit may come in a transaction, which keeps us out
                self._database()

    def add(self, events: Sequence[NewEvent], connection: Any) -> dict[str, StoredEvent]:
        """Store events in the transaction of `connection`; returns those that were there already. Raises StoreError."""
        if _tells(connection):
            for each in events:
                self._told[each.id] = each
                connection.on_commit(partial(self._commit, each))
            return {}
        found = self._database().add([replace(each, deliveries=()) for each in events], connection)
        self._open.update({each.id: each for each in events if each.id not in found})
        return dict(found)

    def settle(self, committed: Callable[[NewEvent], object]) -> None:
        """Call `committed` for each event whose transaction has committed since the last call."""
        while self._committed:
            committed(self._committed.popleft())
        if not self._open:
            return
        with self._lock:
            for event_id, event in list(self._open.items()):
                if self._database().event(event_id) is not None and self._open.pop(event_id, None) is not None:
                    committed(event)

    @property
    def uncommitted(self) -> list[NewEvent]:
        """Those whose transactions are open, or were rolled back."""
        return [*self._open.values(), *self._told.values()]

    def close(self) -> None:
        """Let go of the database."""
        if self._outbox is not None:
            self._outbox.close()
            self._outbox = None
        self._open.clear()
        self._told.clear()

    def _commit(self, event: NewEvent) -> None:
        if self._told.get(event.id) is event:  # else it was emitted again since, or the recording has ended
            del self._told[event.id]
            self._committed.append(event)

    def _database(self) -> Outbox:
        with self._lock:
            if self._outbox is None:
                if self._settings.section("events")["outbox"]:
                    self._outbox = open_outbox(self._settings, self._plugins, self._folder, self._clock)
                else:
                    self._outbox = outbox_of_plugin(self._settings, self._plugins)
            if self._outbox is None:
                raise StoreError(
                    "connection is given, but the outbox is a file of its own, which no transaction of the application "
                    "reaches; name the application's database as outbox in section [events] of server.conf"
                )
            return self._outbox


def _tells(connection: Any) -> TypeGuard[TellsOfCommit]:
    """Whether it is one to an SQLite database in memory, in a transaction, and tells of its end."""
    if not callable(getattr(connection, "on_commit", None)):
        return False
    return is_in_memory(connection)
