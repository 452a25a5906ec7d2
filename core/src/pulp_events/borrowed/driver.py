"""`driver_of`: the driver's connection within what a library gives its users.

SQLAlchemy and Django are known by what their objects have, so that neither is imported.
"""

from __future__ import annotations

from typing import Any

from pulp_events.errors import StoreError


def driver_of(connection: Any) -> Any:
    """The connection of the database's driver: of an SQLAlchemy `Session` or `Connection`, of Django's `connection`; of
    anything else, itself. Begins SQLAlchemy's transaction if there is none, as its first statement would.

    Raises StoreError for what `OnLoop` is for.
    """
    if is_asynchronous(connection):
        raise StoreError(
            f"connection is of type {named(connection)}, which is for asyncio; emit within its transaction by "
            "`await bus.emit_async(…, connection=…)`"
        )
    found = connection
    if callable(getattr(found, "get_bind", None)) and callable(getattr(found, "connection", None)):
        found = found.connection()  # SQLAlchemy's Session → its Connection, within a transaction
    if callable(getattr(found, "in_transaction", None)) and callable(getattr(found, "begin", None)):
        if not found.in_transaction():
            found.begin()
        found = found.connection
        return getattr(found, "driver_connection", found)
    if callable(getattr(found, "ensure_connection", None)):
        found.ensure_connection()  # Django's DatabaseWrapper
        return found.connection
    return found


def is_asynchronous(connection: Any) -> bool:
    """Whether it is one of asyncio's: SQLAlchemy's AsyncSession and AsyncConnection, or a driver's own."""
    import inspect

    methods = (getattr(type(connection), name, None) for name in ("execute", "get_raw_connection", "commit"))
    return any(method is not None and inspect.iscoroutinefunction(inspect.unwrap(method)) for method in methods)


def named(connection: Any) -> str:
    """Its type, for an error."""
    return f"{type(connection).__module__}.{type(connection).__name__}"


def to_begin(connection: Any) -> str:
    """How a transaction begins on a connection that begins none by itself, for an error."""
    if callable(getattr(connection, "ensure_connection", None)):
        return "emit within `with transaction.atomic():` of Django"
    if callable(getattr(connection, "in_transaction", None)):  # SQLAlchemy's
        return "emit with one whose engine, or execution options, have no isolation_level of AUTOCOMMIT"
    return "execute BEGIN before emit"
