"""Whether a connection of psycopg's can take part, and what can."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from pulp_events.errors import StoreError

REMEDY = (
    "give an open psycopg 3 connection, an SQLAlchemy Connection or Session, or Django's connection; or emit_async one "
    "of asyncio's: of psycopg 3, asyncpg or SQLAlchemy"
)


def check_psycopg(own: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    """As `Lent.check`."""
    status = own.info.transaction_status
    if own.closed or status == TransactionStatus.UNKNOWN:
        raise StoreError(f"connection is closed; {REMEDY}")
    if status == TransactionStatus.INERROR:
        raise StoreError("connection is in a failed transaction; roll it back, and begin a new one")
    if status == TransactionStatus.IDLE and own.autocommit:
        raise StoreError("connection is in autocommit mode outside a transaction; begin one first")
