"""Sees to it that what was erased is not left in the tables' files either.

A plain VACUUM gives the room of dead rows to new ones, and leaves the bytes where they are until those come. VACUUM
FULL writes each table, and what is kept outside of it (TOAST), into new files, and deletes the old ones. It would copy
what somebody may still see, so that no snapshot from before may be left.
"""

from __future__ import annotations

import time
from contextlib import closing

import psycopg

from pulp_events.errors import StoreBusy
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database
from pulp_events_postgres.explain import explain

TABLES = ("pulp_event", "pulp_attempt", "pulp_delivery", "pulp_listener_health")
"""Those that may hold a part of a report, or what was said of it."""
_LOCK = 2.0
"""Seconds that a table's lock is waited for at a time: whoever comes meanwhile waits too."""
_PAUSE = 0.1
_HELD = """
SELECT 'process ' || a.pid || coalesce(' (' || nullif(a.application_name, '') || ')', '') FROM pg_stat_activity a
WHERE a.pid <> pg_backend_pid() AND (a.datid IS NULL OR a.datname = current_database())
  AND (age(a.backend_xmin) > age(%(now)s::text::xid) OR age(a.backend_xid) > age(%(now)s::text::xid))
UNION ALL
SELECT 'prepared transaction ' || p.gid FROM pg_prepared_xacts p
WHERE p.database = current_database() AND age(p.transaction) > age(%(now)s::text::xid)
UNION ALL
SELECT 'replication slot ' || s.slot_name FROM pg_replication_slots s WHERE age(s.xmin) > age(%(now)s::text::xid)
"""
"""Who may still see what was there before the transaction `now`."""


def scrub(database: Database, timeout: float) -> None:
    """Write the tables anew. Raises StoreError; StoreBusy after `timeout` seconds."""
    with closing(database.connections.connect()) as own:
        try:
            own.execute("SET statement_timeout = 0")
            own.execute(f"SET lock_timeout = {int(_LOCK * 1000)}".encode())
            _wait_for_others(database, own, timeout)
            for table in TABLES:
                _rewrite(database, own, table, timeout)
        except psycopg.Error as error:
            raise explain(database.address, error) from error


def _wait_for_others(database: Database, own: Connection, timeout: float) -> None:
    # Cut to 32 bits, as rows have it.
    row = own.execute("SELECT pg_current_xact_id()::text::numeric %% 4294967296", ()).fetchone()
    assert row is not None
    deadline = time.monotonic() + timeout
    while held := own.execute(_HELD.encode(), {"now": str(int(row[0]))}).fetchall():
        if time.monotonic() > deadline:
            raise StoreBusy(
                f"{database.address.shown} still keeps what was erased, as it may be seen by "
                f"{', '.join(sorted(who for (who,) in held))}, for {timeout:g} s; end that (pg_terminate_backend, "
                "ROLLBACK PREPARED, pg_drop_replication_slot), and run the command again"
            )
        time.sleep(_PAUSE)


def _rewrite(database: Database, own: Connection, table: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            own.execute(database.text(f"VACUUM (FULL, ANALYZE) @.{table}").replace("%%", "%").encode())
            return
        except psycopg.errors.LockNotAvailable as error:
            if time.monotonic() > deadline:
                raise StoreBusy(
                    f"{database.address.shown}: {table} still has what was erased in its files: others held it for "
                    f"{timeout:g} s; end them, and run the command again"
                ) from error
            time.sleep(_PAUSE)
