"""Connections of Django: which there is, and whether it can be used."""

from __future__ import annotations

import os
from typing import Any

from pulp_events.errors import StoreError

REMEDY = "give Django's connection to Pulp's database (django.db.connection), in a transaction"


def set_up() -> None:
    """Load Pulp's settings and models, in a process that is none of Pulp's own. Raises StoreError.

    It leaves the logging of the process alone, unlike `django.setup()`.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pulpcore.app.settings")
    from django.apps import apps

    if apps.ready:
        return
    try:
        from django.conf import settings

        apps.populate(settings.INSTALLED_APPS)
    except (Exception, SystemExit) as error:
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise StoreError(
            f"Pulp cannot be loaded: {said}; look at its settings with `pulpcore-manager check`"
        ) from error


def in_transaction(connection: Any) -> Any:
    """Django's wrapper; raises StoreError unless it is in a transaction of Pulp's database that can go on."""
    from django.db import DEFAULT_DB_ALIAS, connections

    wrapper = _unwrapped(connection)
    if wrapper is None:
        kind = f"{type(connection).__module__}.{type(connection).__name__}"
        raise StoreError(f"connection is of type {kind}; {REMEDY}")
    ours = connections.settings[DEFAULT_DB_ALIAS]
    if any(str(wrapper.settings_dict[key]) != str(ours[key]) for key in ("NAME", "HOST", "PORT")):
        raise StoreError(f"connection is to another database than {place()}; {REMEDY}")
    if wrapper.needs_rollback:
        raise StoreError("connection is in a failed transaction; roll it back, and begin a new one")
    if wrapper.get_autocommit() and not wrapper.in_atomic_block:
        raise StoreError("connection is in autocommit mode outside a transaction; begin one with transaction.atomic()")
    return wrapper


def open_here(given: Any) -> Any:
    """Django's wrapper that this thread can ask on, the one that is `given` or its own, if it is open and in order."""
    from django.db import DEFAULT_DB_ALIAS, connections

    wrapper = _unwrapped(given) if given is not None else getattr(connections._connections, DEFAULT_DB_ALIAS, None)
    if wrapper is None or wrapper.connection is None or wrapper.needs_rollback:
        return None
    from psycopg.pq import TransactionStatus

    own = wrapper.connection
    status = getattr(own, "info", None) and own.info.transaction_status
    usable = status == TransactionStatus.INTRANS or (status == TransactionStatus.IDLE and not wrapper.in_atomic_block)
    return wrapper if usable and not own.closed else None


def place() -> str:
    """Where Pulp's database is, for people."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    host, port = database.get("HOST") or "localhost", database.get("PORT")
    return f"PostgreSQL at {host}{f':{port}' if port else ''}/{database.get('NAME')}, Pulp's listeners"


def _unwrapped(connection: Any) -> Any:
    """What is behind `django.db.connection`; None for what is no connection of Django's."""
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.utils.connection import ConnectionProxy

    if isinstance(connection, ConnectionProxy):
        connection = connection._connections[connection._alias]
    return connection if isinstance(connection, BaseDatabaseWrapper) else None
