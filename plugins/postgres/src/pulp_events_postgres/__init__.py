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


def create_tables(connection: Any, *, schema: str | None = None) -> int:
    """Make the tables, or bring them up to date; returns their version. For an application's own migrations.

        @receiver(post_migrate)
        def make_tables(using, **_):
            if using == "default":
                create_tables(connections[using], schema="pulp_events")

    `connection`: what `emit` takes. It is done in its transaction, or in one of its own where there is none; several
    processes may try at once. `schema`: as `[storage] schema`, which is made if it does not exist; None: the first of
    the connection's search_path that exists. Together with `[storage] migrate = false`, nothing else makes tables.

    Raises StoreError, and StoreTooNew for tables of a newer release.
    """
    import psycopg
    from psycopg.rows import tuple_row

    from pulp_events.errors import StoreError
    from pulp_events.secrets import Scrubber
    from pulp_events_postgres import set_up
    from pulp_events_postgres.address import Address
    from pulp_events_postgres.borrowed.lent import psycopg_within

    own = psycopg_within(connection)
    address = Address({}, f"PostgreSQL, database {own.info.dbname}", Scrubber(()), schema=schema or "")
    try:
        with own.transaction(), own.cursor(row_factory=tuple_row) as cursor:
            return set_up.migrate_on(cursor, address).version
    except psycopg.Error as error:
        said = str(error).partition("\n")[0]
        raise StoreError(f"{address.shown}: the tables cannot be made: {said}") from error


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

    durable = settings.section("delivery")["durability"] == "full"
    return PostgresOutbox(shared(settings), durable, emit_timeout=settings.section("storage")["emit_timeout"])


@hookimpl
def pulp_admin_commands(commands: Any) -> None:
    """`pulp-admin event storage`."""
    from pulp_events_postgres.commands import add

    add(commands)
