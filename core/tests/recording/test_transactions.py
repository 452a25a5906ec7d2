"""An event of a transaction is recorded as emitted if and only if the transaction commits."""

import asyncio
import contextlib
import sqlite3

import aiosqlite
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from pulp_events import EventBus, StoreError
from pulp_events.testing.recording import record_events


@pytest.fixture
def settings(tmp_path):
    return {"events": {"data_dir": tmp_path / "data", "outbox": tmp_path / "application.sqlite"}}


@pytest.fixture(params=["opened before", "opened in the recording"])
def recorded(request, settings):
    """A bus whose outbox is the application's database, and its recording."""
    with contextlib.ExitStack() as stack:
        if request.param == "opened before":
            bus = stack.enter_context(EventBus.open(settings=settings, deliver="external"))
            events = stack.enter_context(record_events())
        else:
            events = stack.enter_context(record_events())
            bus = stack.enter_context(EventBus.open(settings=settings, deliver="external"))
        yield bus, events


@pytest.fixture
def database(recorded, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "application.sqlite")) as database:
        database.execute("CREATE TABLE orders (id INTEGER)")
        yield database


def test_a_committed_one_is_recorded_when_it_commits(recorded, database):
    bus, events = recorded
    with database:
        database.execute("INSERT INTO orders VALUES (7)")
        event = bus.emit("repo.sync.start", {"repo_id": "a"}, connection=database)
        assert not events.emitted("repo.sync.start")
        assert events.uncommitted == ["repo.sync.start"]
        assert bus.wait(event, timeout=0) == []
    assert events.emitted("repo.sync.start", repo_id="a")
    assert events.uncommitted == []


def test_one_that_is_rolled_back_is_not_recorded(recorded, database):
    bus, events = recorded
    with pytest.raises(ZeroDivisionError), database:
        bus.emit("repo.sync.start", {"repo_id": "a"}, connection=database)
        raise ZeroDivisionError
    bus.emit("repo.sync.start", {"repo_id": "b"})
    assert [each.payload["repo_id"] for each in events] == ["b"]
    assert "rolled back: repo.sync.start" in events.emitted("repo.publish.start").text()


def test_its_deliveries_are_made_in_the_recording_and_none_is_in_the_database(recorded, database):
    bus, events = recorded
    listener = bus.listeners.create("http", {"url": "http://ci.example/"}, ["*"])
    with database:
        event = bus.emit("repo.sync.start", {"repo_id": "a"}, connection=database)
    assert [each.state for each in bus.wait(event, timeout=5)] == ["delivered"]
    assert [each.listener_id for each in events.one("repo.sync.start").deliveries] == [listener.id]
    assert database.execute("SELECT count(*) FROM pulp_delivery").fetchone() == (0,)


def test_order_is_that_of_emit_whenever_a_transaction_commits(recorded, database):
    bus, events = recorded
    bus.emit("repo.sync.start", {"n": 1})
    bus.emit("repo.sync.start", {"n": 2}, connection=database)
    database.commit()
    bus.emit("repo.sync.start", {"n": 3})
    assert [each.payload["n"] for each in events] == [1, 2, 3]


def test_an_id_that_was_emitted_is_not_emitted_again_in_a_transaction(recorded, database):
    bus, events = recorded
    bus.emit("repo.sync.start", {"n": 1}, id="one")
    bus.emit("repo.sync.start", {"n": 1}, id="one", connection=database)
    database.commit()
    assert len(events) == 1 and events.uncommitted == []


def test_a_transaction_of_asyncio_counts_when_it_commits(recorded, database, tmp_path):
    bus, events = recorded

    async def emit():
        async with aiosqlite.connect(tmp_path / "application.sqlite") as own:
            await own.execute("INSERT INTO orders VALUES (7)")
            await bus.emit_async("repo.sync.start", {"repo_id": "a"}, connection=own)
            assert len(events) == 0
            await own.commit()
            await own.execute("INSERT INTO orders VALUES (8)")
            await bus.emit_async("repo.sync.start", {"repo_id": "b"}, connection=own)
            await own.rollback()

    asyncio.run(emit())
    assert [each.payload["repo_id"] for each in events] == ["a"]


def test_a_session_of_sqlalchemy_counts_when_it_commits_also_after_it_was_closed(recorded, database, tmp_path):
    bus, events = recorded
    engine = create_engine(f"sqlite:///{tmp_path / 'application.sqlite'}")
    for repo_id, end in (("a", Session.commit), ("b", Session.rollback)):
        with Session(engine) as session:
            session.execute(text("INSERT INTO orders VALUES (7)"))
            bus.emit("repo.sync.start", {"repo_id": repo_id}, connection=session)
            end(session)
    engine.dispose()
    assert [each.payload["repo_id"] for each in events] == ["a"]


def test_a_connection_to_another_database_is_the_error_that_it_is_elsewhere(recorded, tmp_path):
    bus, events = recorded
    with contextlib.closing(sqlite3.connect(tmp_path / "another.sqlite")) as another:
        another.execute("CREATE TABLE orders (id INTEGER)")
        with pytest.raises(StoreError, match="another.sqlite, not on the outbox"):
            bus.emit("repo.sync.start", connection=another)
    assert len(events) == 0


def test_without_an_outbox_in_the_database_a_connection_is_refused_and_no_file_is_made(tmp_path):
    with record_events(), contextlib.closing(sqlite3.connect(":memory:")) as database:
        bus = EventBus.open(settings={"events": {"data_dir": tmp_path / "data"}})
        with pytest.raises(StoreError, match=r"name the application's database as outbox in section \[events\]"):
            bus.emit("repo.sync.start", connection=database)
        bus.close()
    assert not (tmp_path / "data").exists()
