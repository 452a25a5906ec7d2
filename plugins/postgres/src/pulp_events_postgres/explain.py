"""Says in our words what PostgreSQL and libpq say in theirs. One line, never a password."""

from __future__ import annotations

import psycopg
from psycopg import errors

from pulp_events.errors import DiskFull, StoreBusy, StoreError
from pulp_events_postgres.address import Address

_BUSY = (
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.TooManyConnections,
    errors.CannotConnectNow,
    errors.OutOfMemory,
)
_LOGIN = (errors.InvalidPassword, errors.InvalidAuthorizationSpecification, errors.InvalidCatalogName)

OTHER_TABLES = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction)
"""The tables, or their functions, are not those of this release."""

_POOLED = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement, errors.ProtocolViolation)
"""What was prepared in one session is asked of another."""

AGAIN = (errors.DeadlockDetected, errors.SerializationFailure)
"""The server undid the whole transaction, so that it can be run again."""


def explain(address: Address, error: psycopg.Error) -> StoreError:
    """A StoreError that says what happened where, and what to do."""
    where, said = address.shown, _one_line(address, error)
    if isinstance(error, _BUSY):
        return StoreBusy(f"{where} is busy ({said}); nothing was stored; retry later")
    if isinstance(error, errors.DiskFull):
        return DiskFull(f"{where}: the server's disk is full; nothing was stored; free some space there and retry")
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return StoreError(f"{where} is read-only ({said}); name the primary in [storage] url, or add "
                          "target_session_attrs=read-write to it")  # fmt: skip
    if isinstance(error, _POOLED):
        return StoreError(
            f"{where}: {said}; behind a pooler in transaction mode set listen = false in section [storage]"
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return StoreError(
            f"{where}: {said}; make this user the owner of the tables, or grant it CREATE on their schema"
        )
    if isinstance(error, OTHER_TABLES):
        return StoreError(f"{where}: {said}; run `pulp-admin event storage migrate`")
    if isinstance(error, _LOGIN) or "authentication failed" in said or "no password supplied" in said:
        return StoreError(f"{where} refused the login ({said}); check url and password in section [storage]")
    if is_lost(error) and ("SSL" in said or "certificate" in said):
        return StoreError(f"{where}: no TLS connection ({said}); check sslmode, sslrootcert, sslcert and sslkey in "
                          "[storage] url")  # fmt: skip
    if is_lost(error):
        return StoreError(f"{where} cannot be reached ({said}); start it, or fix url in section [storage]")
    return StoreError(f"{where}: {said}; nothing was stored")


def is_lost(error: psycopg.Error) -> bool:
    """True if the connection, not the statement, failed."""
    state = error.sqlstate
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and (
        state is None or state.startswith("08") or state in ("57P01", "57P02", "57P03")
    )


def _one_line(address: Address, error: psycopg.Error) -> str:
    said = error.diag.message_primary or str(error) or type(error).__name__
    return address.scrub("; ".join(line.strip() for line in said.splitlines() if line.strip()))
