"""Tables of the outbox, and how each version of them becomes the next."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from pulp_events.errors import TOO_NEW, StoreTooNew
from pulp_events.outbox.sqlite.uri import read_only

# `ready_at` (seconds since the epoch) says from when on a pending delivery may be claimed: 0 while it was never
# attempted, so that a clock that steps back delays no first attempt; the end of the lease while one is held; else when
# its retry is due. The index serves three questions: who has something pending, what is first, what is due.
_VERSION_1 = """
CREATE TABLE pulp_outbox_meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE pulp_event (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    event_type TEXT NOT NULL,
    time       REAL NOT NULL,
    source     TEXT NOT NULL,
    report     BLOB NOT NULL
);
CREATE TABLE pulp_delivery (
    event_seq   INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    listener_id TEXT NOT NULL,
    target      TEXT NOT NULL,
    state       TEXT NOT NULL,
    ready_at    REAL NOT NULL DEFAULT 0,
    lease       TEXT,
    attempts    INTEGER NOT NULL DEFAULT 0,
    forgiven    INTEGER NOT NULL DEFAULT 0,
    finished    REAL,
    reason      TEXT,
    PRIMARY KEY (event_seq, n)
) WITHOUT ROWID;
CREATE INDEX pulp_delivery_pending ON pulp_delivery (listener_id, ready_at, event_seq, n) WHERE state = 'pending';
CREATE INDEX pulp_delivery_dead ON pulp_delivery (event_seq, n) WHERE state = 'dead';
CREATE TABLE pulp_attempt (
    event_seq INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    started   REAL NOT NULL,
    duration  REAL NOT NULL,
    outcome   TEXT NOT NULL,
    detail    TEXT NOT NULL,
    retry_at  REAL,
    PRIMARY KEY (event_seq, n, number)
) WITHOUT ROWID;
CREATE TABLE pulp_listener_health (
    listener_id   TEXT PRIMARY KEY,
    last_success  REAL,
    last_failure  REAL,
    failing_since REAL,
    failures      INTEGER NOT NULL DEFAULT 0,
    detail        TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
"""

# For lists by event type and by time: without them a rare event type, or a short time, is looked for in all reports.
_VERSION_2 = """
CREATE INDEX pulp_event_type ON pulp_event (event_type);
CREATE INDEX pulp_event_time ON pulp_event (time);
"""

# An event with no delivery is `alone`: its index has no others, and so tells at once which may be deleted. `next_n` is
# above the number of every delivery that was deleted before its event: ids are never given twice.
_VERSION_3 = """
ALTER TABLE pulp_event ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pulp_event ADD COLUMN next_n INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pulp_event ADD COLUMN fingerprint TEXT;
ALTER TABLE pulp_delivery ADD COLUMN repeat_of TEXT;
CREATE INDEX pulp_event_alone ON pulp_event (time) WHERE alone = 1;
CREATE TABLE pulp_dropped (
    event_type TEXT PRIMARY KEY,
    count      INTEGER NOT NULL,
    first      REAL NOT NULL,
    last       REAL NOT NULL
) WITHOUT ROWID;
"""

# From `expires` (seconds since the epoch) on, a pending delivery is not attempted any more; by far the most have none,
# and are not in the index. `pulp_rate`: see `outbox.rate`; what one attempt took is `seconds`.
_VERSION_4 = """
ALTER TABLE pulp_delivery ADD COLUMN expires REAL;
CREATE INDEX pulp_delivery_expires ON pulp_delivery (expires) WHERE state = 'pending' AND expires IS NOT NULL;
CREATE TABLE pulp_rate (
    listener_id TEXT PRIMARY KEY,
    spent_until REAL NOT NULL,
    seconds     REAL NOT NULL,
    together    INTEGER NOT NULL
) WITHOUT ROWID;
"""

# `erased`: when. `pulp_erasure`: see `outbox.erasure`.
_VERSION_5 = """
ALTER TABLE pulp_event ADD COLUMN erased REAL;
CREATE TABLE pulp_erasure (
    seq       INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    began     REAL NOT NULL,
    ended     REAL,
    who       TEXT NOT NULL,
    asked     TEXT NOT NULL,
    events    INTEGER NOT NULL DEFAULT 0,
    pending   INTEGER NOT NULL DEFAULT 0,
    under_way INTEGER NOT NULL DEFAULT 0,
    details   INTEGER NOT NULL DEFAULT 0
);
"""

# See `counting`. Nothing is counted here: `pulp_counted` says that all of it is still to be.
_VERSION_6 = """
CREATE TABLE pulp_pair (
    id          INTEGER PRIMARY KEY,
    listener_id TEXT NOT NULL,
    event_type  TEXT NOT NULL,
    UNIQUE (listener_id, event_type)
);
CREATE TABLE pulp_tally (
    pair  INTEGER NOT NULL,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (pair, state)
) WITHOUT ROWID;
CREATE TABLE pulp_counted (
    seq    INTEGER NOT NULL,
    events INTEGER NOT NULL,
    alone  INTEGER NOT NULL,
    old    INTEGER NOT NULL,
    began  REAL NOT NULL
);
INSERT INTO pulp_counted
SELECT 0, 0, 0, COALESCE(max(seq), 0), (julianday('now') - 2440587.5) * 86400 FROM pulp_event;
CREATE TABLE pulp_activity (
    length INTEGER NOT NULL,
    start  INTEGER NOT NULL,
    pair   INTEGER NOT NULL,
    what   TEXT NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (length, start, pair, what)
) WITHOUT ROWID;
CREATE TRIGGER pulp_tally_state AFTER UPDATE OF state ON pulp_delivery
WHEN OLD.state <> NEW.state AND NEW.event_seq <= (SELECT seq FROM pulp_counted) BEGIN
    UPDATE pulp_tally SET count = count - 1 WHERE state = OLD.state AND pair = (
        SELECT id FROM pulp_pair WHERE listener_id = OLD.listener_id
        AND event_type = (SELECT event_type FROM pulp_event WHERE seq = OLD.event_seq)
    );
    INSERT INTO pulp_tally SELECT id, NEW.state, 1 FROM pulp_pair WHERE listener_id = NEW.listener_id
    AND event_type = (SELECT event_type FROM pulp_event WHERE seq = NEW.event_seq)
    ON CONFLICT (pair, state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER pulp_tally_delete AFTER DELETE ON pulp_delivery
WHEN OLD.event_seq <= (SELECT seq FROM pulp_counted) BEGIN
    UPDATE pulp_tally SET count = count - 1 WHERE state = OLD.state AND pair = (
        SELECT id FROM pulp_pair WHERE listener_id = OLD.listener_id
        AND event_type = (SELECT event_type FROM pulp_event WHERE seq = OLD.event_seq)
    );
END;
CREATE TRIGGER pulp_counted_alone AFTER UPDATE OF alone ON pulp_event
WHEN OLD.alone <> NEW.alone AND NEW.seq <= (SELECT seq FROM pulp_counted) BEGIN
    UPDATE pulp_counted SET alone = alone + NEW.alone - OLD.alone;
END;
CREATE TRIGGER pulp_counted_delete AFTER DELETE ON pulp_event
WHEN OLD.seq <= (SELECT seq FROM pulp_counted) BEGIN
    UPDATE pulp_counted SET events = events - 1, alone = alone - OLD.alone;
END;
"""

# With which scope an event was emitted: empty where with none. NULL where that is not known: in events that an earlier
# release has stored, or stores now, as its processes that are still running do.
_VERSION_7 = """
ALTER TABLE pulp_event ADD COLUMN scope TEXT;
"""

# See `events.trace_context`; NULL where an event was emitted outside of any trace.
_VERSION_8 = """
ALTER TABLE pulp_event ADD COLUMN trace_context TEXT;
"""

MIGRATIONS: tuple[str, ...] = (
    _VERSION_1,
    _VERSION_2,
    _VERSION_3,
    _VERSION_4,
    _VERSION_5,
    _VERSION_6,
    _VERSION_7,
    _VERSION_8,
)
"""Script i makes version i + 1 out of version i. A released one is never changed; a new one is appended."""

VERSION = len(MIGRATIONS)


def version(connection: sqlite3.Connection) -> int:
    """Version of the tables in this database; 0 where there are none."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'pulp_outbox_meta'")
    if found.fetchone() is None:
        return 0
    row = connection.execute("SELECT value FROM pulp_outbox_meta WHERE key = 'version'").fetchone()
    return int(row[0]) if row else 0


def is_current(path: Path) -> bool:
    """Whether a database has the tables as they are now, told without making a file; False where it cannot be told."""
    try:
        return _version_of(path) == VERSION
    except (sqlite3.Error, ValueError):
        return False


def _version_of(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(read_only(path), uri=True, timeout=0.0)) as connection:
        return version(connection)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the tables up to VERSION, all steps in one transaction; several processes may try at once.

    Raises StoreTooNew where a newer release made them.
    """
    if known(version(connection), path) == VERSION:
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        for script in MIGRATIONS[known(version(connection), path) : VERSION]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute("INSERT OR REPLACE INTO pulp_outbox_meta VALUES ('version', ?)", (VERSION,))
        connection.execute("COMMIT")
    finally:  # a signal handler may raise at any step, also before the first and after the last
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")


def known(found: int, path: str) -> int:
    """The version `found` itself; raises StoreTooNew for one of a newer release."""
    if found > VERSION:
        raise StoreTooNew(f"{path} was written by a newer release (schema {found}, supported: {VERSION}); {TOO_NEW}")
    return found


def check_known(path: Path) -> None:
    """Raise StoreTooNew for a file of a newer release; nothing where that cannot be told. Makes no file."""
    with contextlib.suppress(sqlite3.Error, ValueError):
        known(_version_of(path), str(path))


def layout(version: int) -> dict[str, list[str]]:
    """The tables of this version, each with its columns in order; those of VERSION for a newer one."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for script in MIGRATIONS[:version]:
            connection.executescript(script)
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'pulp@_%' ESCAPE '@'"
        )
        return {
            table: [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
            for (table,) in tables.fetchall()
        }


def _statements(script: str) -> list[str]:
    # executescript() would commit the transaction that the step must be in
    statements, begun = [], ""
    for part in script.split(";")[:-1]:
        begun += f"{part};"
        if sqlite3.complete_statement(begun):  # a trigger has several
            statements.append(begun.strip())
            begun = ""
    return statements
