"""`[storage] emit_timeout`: how long `emit` waits for other transactions, in its own and in the application's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors

from pulp_events.errors import StoreBusy, StoreError
from pulp_events_postgres.address import Address

_NOW = """
SELECT setting::bigint, current_setting('statement_timeout') FROM pg_settings WHERE name = 'statement_timeout'
"""
_SET = "SELECT set_config('statement_timeout', %s, true)"


@contextmanager
def within(cursor: psycopg.Cursor[Any], seconds: float | None) -> Iterator[None]:
    """Each statement of the block may take so long. Afterwards the transaction has its own limit again; where the block
    raises, once its savepoint is rolled back. A limit that is shorter already stays."""
    if seconds is None:
        yield
        return
    wanted = _milliseconds(seconds)
    row = cursor.execute(_NOW).fetchone()
    assert row is not None
    limit, before = row
    if 0 < limit <= wanted:
        yield
        return
    cursor.execute(_SET, (str(wanted),))
    yield
    cursor.execute(_SET, (before,))


def limit(own: psycopg.Connection[Any], seconds: float) -> None:
    """Each further statement of a transaction of ours may take so long."""
    own.execute(f"SET LOCAL statement_timeout = {_milliseconds(seconds)}".encode())


@contextmanager
def told(address: Address, seconds: float | None) -> Iterator[None]:
    """An error that says what is over, in place of the server's."""
    try:
        yield
    except StoreError as error:
        if seconds is None or not isinstance(error.__cause__, errors.QueryCanceled | errors.LockNotAvailable):
            raise
        raise StoreBusy(
            f"{address.shown} was locked by other transactions, or busy, for longer than `emit_timeout` in section "
            f"[storage] allows ({seconds:g} s); nothing was stored; retry later"
        ) from error.__cause__


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
