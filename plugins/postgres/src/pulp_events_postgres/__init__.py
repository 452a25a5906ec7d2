"""Listeners and deliveries of pulp-events on PostgreSQL, where `[storage] url` names a database.

Importing this package is cheap: psycopg is imported when a store opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulp_events import hookimpl

if TYPE_CHECKING:
    from pulp_events.listeners.store import ListenerStore
    from pulp_events.outbox.store import Outbox
    from pulp_events.settings.settings import Settings


@hookimpl
def pulp_listener_store(settings: Settings) -> ListenerStore | None:
    """Listener records in the database that `[storage] url` names."""
    from pulp_events_postgres import address

    if not address.is_ours(settings):
        return None
    from pulp_events_postgres.database import shared
    from pulp_events_postgres.listener_store import PostgresListenerStore

    return PostgresListenerStore(shared(settings), keep_history=settings.section("events")["keep_history"])


@hookimpl
def pulp_outbox(settings: Settings) -> Outbox | None:
    """Deliveries in the same database."""
    from pulp_events_postgres import address

    if not address.is_ours(settings):
        return None
    from pulp_events_postgres.database import shared
    from pulp_events_postgres.outbox import PostgresOutbox

    return PostgresOutbox(shared(settings), durable=settings.section("delivery")["durability"] == "full")


@hookimpl
def pulp_admin_commands(commands: Any) -> None:
    """`pulp-admin event storage`."""
    from pulp_events_postgres.commands import add

    add(commands)
