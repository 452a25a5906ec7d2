"""What is particular to one door."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy import MetaData, create_engine
from sqlalchemy.orm import Session

from pulp_events_receiver.seen import postgres, sqlalchemy, sqlite


@pytest.mark.parametrize(
    ("connection", "begins"),
    [
        ({"autocommit": -1, "isolation_level": ""}, True),
        ({"autocommit": -1, "isolation_level": None}, False),
        ({"autocommit": True, "isolation_level": ""}, False),
        ({"autocommit": True, "isolation_level": "", "in_transaction": True}, True),
        ({"autocommit": False, "isolation_level": None}, True),
        ({"isolation_level": "IMMEDIATE"}, True),
        ({"isolation_level": None}, False),
        ({"isolation_level": None, "in_transaction": True}, True),
    ],
)
def test_sqlites_ways_to_commit_are_told_apart(connection, begins):
    """Those of Python 3.12 too, on whatever Python this is."""
    assert sqlite.begins_transactions(SimpleNamespace(**connection)) is begins


def test_an_autocommit_connection_serves_within_a_transaction_of_its_own(server, database, tmp_path):
    with closing(sqlite3.connect(tmp_path / "database", isolation_level=None)) as connection:
        seen = sqlite.Seen()
        seen.create(connection)
        connection.execute("BEGIN")
        assert seen.first(connection, "a.0")
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        assert seen.first(connection, "a.0")
        connection.execute("COMMIT")
    address = f"host={database['host']} port={database['port']} dbname={database['name']} user=pulp password=pw"
    with psycopg.connect(address, autocommit=True) as connection:
        seen = postgres.Seen()
        seen.create(connection)
        with connection.transaction(force_rollback=True):
            assert seen.first(connection, "a.0")
        with connection.transaction():
            assert seen.first(connection, "a.0")


def test_a_transaction_that_cannot_see_the_other_one_fails_and_does_not_apply_it_again(database):
    address = f"host={database['host']} port={database['port']} dbname={database['name']} user=pulp password=pw"
    seen = postgres.Seen()
    with psycopg.connect(address) as one, psycopg.connect(address) as two:
        seen.create(one)
        one.commit()
        two.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        two.execute("SELECT 1 FROM pulp_events_seen")
        assert seen.first(one, "a.0")
        one.commit()
        with pytest.raises(psycopg.errors.SerializationFailure):
            seen.first(two, "a.0")
        two.rollback()
        assert not seen.first(two, "a.0")


def test_many_may_create_the_table_at_once(database):
    address = f"host={database['host']} port={database['port']} dbname={database['name']} user=pulp password=pw"
    barrier, failures = threading.Barrier(4), []

    def create():
        with psycopg.connect(address) as connection:
            barrier.wait()
            try:
                postgres.Seen().create(connection)
            except psycopg.Error as error:
                failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []


def test_an_asynchronous_session_asks_through_run_sync(database):
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    url = f"postgresql+psycopg://pulp:pw@{database['host']}:{database['port']}/{database['name']}"
    seen = sqlalchemy.Seen()

    async def twice():
        engine = create_async_engine(url)
        async with AsyncSession(engine) as session, session.begin():
            await session.run_sync(seen.create)
        found = []
        for _ in range(2):
            async with AsyncSession(engine) as session, session.begin():
                found.append(await session.run_sync(seen.first, "a.0"))
        async with engine.connect() as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            with pytest.raises(RuntimeError, match="within the transaction"):
                await alone.run_sync(seen.first, "b.0")
        await engine.dispose()
        return found

    assert asyncio.run(twice()) == [True, False]


def test_the_table_is_among_the_applications_own():
    metadata = MetaData()
    one, two = sqlalchemy.Seen(metadata), sqlalchemy.Seen(metadata, sender="pulp-b")
    assert one.table is two.table is metadata.tables["pulp_events_seen"]
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        assert one.first(session, "a.0") and two.first(session, "a.0")
    with engine.begin() as connection:
        assert not one.first(connection, "a.0")


def test_another_database_is_refused():
    engine = create_engine("sqlite://")
    engine.dialect.name = "oracle"
    with engine.begin() as connection, pytest.raises(RuntimeError, match="not oracle"):
        sqlalchemy.Seen().first(connection, "a.0")
    with pytest.raises(RuntimeError, match="not mysql"):
        from pulp_events_receiver.seen.django import Seen

        Seen().first(SimpleNamespace(vendor="mysql"), "a.0")
