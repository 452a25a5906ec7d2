"""`Seen` through SQLAlchemy 2, in PostgreSQL and SQLite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import Column, Connection, Double, Index, MetaData, String, Table, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, scoped_session

from pulp_events_receiver.seen.door import Door
from pulp_events_receiver.seen.sqlite import begins_transactions

Bind: TypeAlias = "Session | scoped_session[Session] | Connection"

_INSERTS: dict[str, Callable[[Table], Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class Seen(Door[Bind]):
    """Deliveries that were applied, in a table beside what they changed.

    `metadata`: where the table is declared, such as `Base.metadata`, so that `create_all` and Alembic make it. An
    `AsyncSession` or `AsyncConnection` asks with `await session.run_sync(seen.first, delivery_id)`.
    """

    def __init__(self, metadata: MetaData | None = None, **more: Any) -> None:
        super().__init__(**more)
        metadata = MetaData() if metadata is None else metadata
        known = metadata.tables.get("pulp_events_seen")
        self.table: Table = _table(metadata) if known is None else known

    def create(self, bind: Bind) -> None:
        """Make the table, if it is not there."""
        self.table.create(self._connection(bind), checkfirst=True)

    def _connection(self, bind: Bind) -> Connection:
        connection = bind if isinstance(bind, Connection) else bind.connection(bind_arguments={"clause": self.table})
        if connection.dialect.name not in _INSERTS:
            raise RuntimeError(f"Seen knows PostgreSQL and SQLite, not {connection.dialect.name}")
        return connection

    def _in_transaction(self, bind: Bind) -> bool:
        connection = self._connection(bind)
        driver: Any = connection.connection.dbapi_connection
        if connection.dialect.name == "sqlite":
            return begins_transactions(driver)
        return not getattr(driver, "autocommit", False)

    def _insert(self, bind: Bind, delivery_id: str, now: float) -> bool:
        connection = self._connection(bind)
        values = {"sender": self.sender, "delivery_id": delivery_id, "seen_at": now}
        insert = _INSERTS[connection.dialect.name](self.table).values(values)
        # What is returned tells; SQLAlchemy does not keep the number of rows of an INSERT.
        made = connection.execute(insert.on_conflict_do_nothing().returning(self.table.c.seen_at))
        return made.first() is not None

    def _forget(self, bind: Bind, before: float, most: int) -> int:
        table = self.table.c
        old = select(table.sender, table.delivery_id).where(table.seen_at < before).order_by(table.seen_at).limit(most)
        key = tuple_(table.sender, table.delivery_id)
        forget = delete(self.table).where(key.in_(old.with_for_update(skip_locked=True)))
        return self._connection(bind).execute(forget).rowcount


def _table(metadata: MetaData) -> Table:
    return Table(
        "pulp_events_seen",
        metadata,
        Column("sender", String(200), primary_key=True),
        Column("delivery_id", String(255), primary_key=True),
        Column("seen_at", Double, nullable=False),
        Index("pulp_events_seen_at", "seen_at"),
    )
