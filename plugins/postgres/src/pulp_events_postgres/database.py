"""`Database`: what the two stores of a process share: connections, schema, identity, announcements."""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Protocol

import psycopg

from pulp_events_postgres import set_up
from pulp_events_postgres.address import Address, from_settings
from pulp_events_postgres.announcer import Announcer
from pulp_events_postgres.connections import Connection, Connections

if TYPE_CHECKING:
    from pulp_events.settings.settings import Settings


class Asked(Protocol):
    """What can be asked: a `Database`, or one of its connections `Within` a transaction."""

    def rows(self, statement: str, parameters: Any = (), binary: bool = False) -> list[tuple[Any, ...]]:
        """All rows of a query."""


class Within:
    """A connection in the middle of a transaction."""

    def __init__(self, database: Database, own: Connection) -> None:
        self._database = database
        self._own = own

    def rows(self, statement: str, parameters: Any = (), binary: bool = False) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._own.execute(self._database.text(statement), parameters, binary=binary).fetchall()


class Database:
    """The tables of one schema. `users`: stores that have not closed it yet.

    Not `migrate`: it neither makes nor changes tables, and does not connect before it is used; until then
    `look_through` may find the tables on a connection of the application.
    """

    def __init__(self, address: Address, migrate: bool = True) -> None:
        self.address = address
        self.connections = Connections(address)
        self.connections.check_tables = lambda: set_up.find_tables(self.connections)
        self._found: set_up.Found | None = None
        self._announcer: Announcer | None = None
        if migrate:
            try:
                self._found = set_up.migrate(self.connections)
            except BaseException:
                self.connections.close()
                raise
        self.listeners_changed = False
        """Set when another process announced a change of listeners, until the listener store looked."""
        self.users = 1
        self._texts: dict[str, str] = {}

    @property
    def found(self) -> set_up.Found:
        """The tables; raises StoreError where they are missing, or of another release."""
        if self._found is None:
            self._found = set_up.refuse_old(set_up.find_tables(self.connections), self.address)
        return self._found

    @property
    def schema(self) -> str:
        """That of the tables."""
        return self.found.schema

    @property
    def identity(self) -> str:
        """That of the tables: see `Found`."""
        return self.found.identity

    @property
    def version(self) -> int:
        """That of the tables."""
        return self.found.version

    @property
    def channel(self) -> str:
        """What is listened to."""
        return _channel(self.schema)

    def look_through(self, cursor: psycopg.Cursor[Any]) -> None:
        """Find the tables on a connection of the application, if nobody did yet, so that none of ours is opened.

        Only where the schema is named: its search_path is not ours. That it is the right database is what its
        tables are then known by.
        """
        if self._found is None and self.address.schema and self._is_same_database(cursor):
            self._found = set_up.refuse_old(set_up.find_on(cursor, self.address), self.address)

    def _is_same_database(self, cursor: psycopg.Cursor[Any]) -> bool:
        """Whether the connection leads where `[storage] url` does, as far as that can be said without connecting."""
        named, there = {"port": "5432", **self.address.parameters}, cursor.connection.info
        return (there.host, str(there.port), there.dbname) == (named.get("host"), named["port"], named.get("dbname"))

    @property
    def place(self) -> str:
        """Where the records are, without secrets."""
        return f"{self.address.shown}, schema {self.schema}"

    def text(self, statement: str) -> str:
        """A statement with its `@.` replaced by the schema: it then means our tables on any connection.

        It is to be run with parameters, be it none: `execute(text, ())`.
        """
        found = self._texts.get(statement)
        if found is None:
            found = self._texts[statement] = set_up.in_schema(statement, self.schema, parameters=True)
        return found

    def rows(self, statement: str, parameters: Any = (), binary: bool = False) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        text = self.text(statement)
        return self.connections.run(lambda own: own.execute(text, parameters, binary=binary).fetchall())

    def ask(self, statement: str) -> tuple[Any, ...]:
        """The one row of a query that is asked very often and takes no time."""
        text = self.text(statement)
        found = self.connections.run(lambda own: own.execute(text, ()).fetchone(), bounded=False)
        assert found is not None
        return found

    def execute(self, statement: str, parameters: Any = ()) -> int:
        """Run a statement that may be run twice; returns how many rows it changed."""
        text = self.text(statement)
        return self.connections.run(lambda own: own.execute(text, parameters).rowcount)

    def announce(self) -> None:
        """Let other processes know, soon, that there is something to deliver."""
        if not self.connections.listen:
            return
        if self._announcer is None:
            with _lock:
                if self._announcer is None:
                    self._announcer = Announcer(self.connections, self.channel)
        self._announcer.announce()

    def upheaval(self) -> None:
        """Let every process look at everything: something may be pending where nobody looks any more."""
        self.execute("SELECT nextval(@(pulp_upheaval)), nextval(@(pulp_tick))")
        self.announce()

    def rest(self) -> None:
        """Close connections and end threads until they are needed again."""
        announcer, self._announcer = self._announcer, None
        if announcer is not None:
            announcer.close()
        self.connections.rest()

    def close(self) -> None:
        """One store less needs it; closed with the last one."""
        with _lock:
            self.users -= 1
            if self.users > 0:
                return
        if self._announcer is not None:
            self._announcer.close()
        self.connections.close()


def _channel(schema: str) -> str:
    """What is listened to: 63 bytes at the most, a schema's own for any name that a schema may have."""
    name = f"pulp_events_{schema}"
    if len(name.encode()) <= 63:
        return name
    return f"pulp_events_{hashlib.sha256(schema.encode()).hexdigest()[:32]}"


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


_lock = threading.RLock()
os.register_at_fork(after_in_child=_renew_lock)
_open: weakref.WeakKeyDictionary[Settings, Database] = weakref.WeakKeyDictionary()


def shared(settings: Settings) -> Database:
    """The database of these settings: both stores of a bus have one and the same."""
    with _lock:
        found = _open.get(settings)
        if found is not None and found.users > 0:
            found.users += 1
            return found
        made = _open[settings] = Database(from_settings(settings), settings.section("storage")["migrate"])
        return made
