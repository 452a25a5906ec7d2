"""An event emitted within the application's transaction exists if and only if that commits."""

import asyncio
import re
import sqlite3
import threading
import time

import pytest
import sqlalchemy
from sqlalchemy.orm import Session

from pulp_events import EventBus, EventConflict, StoreError
from pulp_events.errors import StoreBusy
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.sqlite import schema
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.http_sink import HttpSink


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "application.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE sync (repo_id TEXT)")
    connection.commit()
    yield path
    connection.close()


@pytest.fixture
def bus(tmp_path, database):
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\noutbox = {database}\ndata_dir = {tmp_path / 'data'}\n")
    with HttpSink() as sink, EventBus.open(config, plugins=Plugins.load()) as opened:
        opened.sink = sink
        opened.listeners.create("http", {"url": sink.url}, ["repo.#"])
        yield opened


def emit(bus, connection):
    connection.execute("INSERT INTO sync VALUES ('pulp2')")
    return bus.emit("repo.sync.start", {"repo_id": "pulp2"}, connection=connection)


def test_it_is_delivered_after_the_commit_and_not_before(bus, database):
    connection = sqlite3.connect(database)
    event = emit(bus, connection)
    assert bus.wait(event, 0.1) == []
    connection.commit()
    [delivery] = bus.sink.wait_for(1, 30) and bus.wait(event, 30)
    assert delivery.state == "delivered"
    assert connection.execute("SELECT count(*) FROM sync").fetchone() == (1,)
    connection.close()


def test_it_never_existed_after_a_rollback(bus, database):
    connection = sqlite3.connect(database)
    emit(bus, connection)
    connection.rollback()
    connection.close()
    assert bus.deliveries.list(DeliveryQuery()) == []


def test_the_scope_is_stored_with_what_is_emitted_in_the_applications_transaction(bus, database):
    connection = sqlite3.connect(database)
    bus.emit("repo.sync.start", scope="a", connection=connection)
    bus.emit("repo.sync.start", id="chosen", scope="b", connection=connection)
    bus.emit("repo.sync.start", connection=connection)
    connection.commit()
    connection.close()
    stored = bus.events.list()
    assert [each.scope for each in stored] == [None, "b", "a"] and all(each.scope_known for each in stored)


def test_a_refused_event_leaves_the_applications_transaction_as_it_was(bus, database):
    connection = sqlite3.connect(database)
    event = emit(bus, connection)
    before = connection.total_changes
    bus._emitting.emitter._match, original = (lambda *_: ([], _again(event, bus))), bus._emitting.emitter._match
    with pytest.raises(StoreError, match="UNIQUE"):
        bus.emit("repo.sync.start", connection=connection)
    bus._emitting.emitter._match = original
    assert connection.in_transaction and connection.total_changes >= before
    connection.commit()
    assert len(bus.wait(event, 30)) == 1
    connection.close()


def _again(event, bus):
    from pulp_events.outbox.records import NewDelivery, NewEvent

    [listener] = bus.listeners.list()
    return NewEvent(event.id, event.event_type, 1.0, "", b"{}", [NewDelivery(listener.id)])


@pytest.mark.parametrize("wrong", ["another file", "memory", "no connection", "autocommit", "closed"])
def test_a_connection_that_cannot_do_it_is_refused_with_a_remedy(bus, database, tmp_path, wrong):
    connection = {
        "another file": lambda: sqlite3.connect(tmp_path / "other.sqlite"),
        "memory": lambda: sqlite3.connect(":memory:"),
        "no connection": lambda: "postgresql://",
        "autocommit": lambda: sqlite3.connect(database, isolation_level=None),
        "closed": lambda: sqlite3.connect(database),
    }[wrong]()
    if wrong == "closed":
        connection.close()
    with pytest.raises(StoreError, match="give emit an open connection to .*: of sqlite3|execute BEGIN before emit"):
        bus.emit("repo.sync.start", connection=connection)
    assert bus.deliveries.stats().pending == 0
    if wrong != "no connection":
        connection.close()


@pytest.mark.parametrize("kind", ["Connection", "Session"])
def test_one_of_sqlalchemy_that_begins_no_transaction_is_told_how_its_engine_does(bus, database, kind):
    engine = sqlalchemy.create_engine(f"sqlite:///{database}", isolation_level="AUTOCOMMIT")
    lent = engine.connect() if kind == "Connection" else Session(engine)
    remedy = r"in autocommit mode.*; emit with one whose engine.* isolation_level"
    with lent as connection, pytest.raises(StoreError, match=remedy):
        bus.emit("repo.sync.start", connection=connection)
    engine.dispose()
    assert bus.deliveries.stats().pending == 0


@pytest.fixture(params=["inline", "background"])
def own(tmp_path, database, request):
    """A bus on the application's database, in which somebody delivers or nobody."""
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\noutbox = {database}\ndata_dir = {tmp_path / 'data'}\n[storage]\ntimeout = 20s\n")
    with EventBus.open(config, plugins=Plugins.load(), deliver=request.param) as opened:
        opened.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.#"], enabled=False)
        opened.emit("repo.sync.start")
        yield opened


def test_an_emit_that_would_wait_for_its_own_threads_transaction_says_so_at_once(own, database):
    """Not after the 20 seconds, and not as if another process were to blame."""
    connection = sqlite3.connect(database)
    connection.execute("INSERT INTO sync VALUES ('pulp2')")
    with pytest.raises(StoreBusy, match=r"by a transaction of this same thread.*connection=…, or commit first"):
        own.emit("repo.sync.start")
    connection.commit()
    own.emit("repo.sync.start")
    assert own.deliveries.stats().pending == 2
    connection.close()


def test_only_the_thread_whose_transaction_it_is_is_told_so_and_the_others_go_on_waiting(own, database):
    connection = sqlite3.connect(database)
    connection.execute("INSERT INTO sync VALUES ('pulp2')")
    other = threading.Timer(0.05, lambda: own.outbox.note("of another thread", "stored"))
    other.start()  # while this thread has the turn
    with pytest.raises(StoreBusy, match="of this same thread"):
        own.emit("repo.sync.start")
    assert other.is_alive()
    connection.commit()
    other.join()
    assert own.outbox.notes("of another") == {"of another thread": "stored"}
    connection.close()


HINT = r"by a transaction of this same process.*give emit its connection as connection=…"


@pytest.fixture
def impatient(tmp_path, database):
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\noutbox = {database}\ndata_dir = {tmp_path / 'data'}\n[storage]\ntimeout = 1.5s\n")
    with EventBus.open(config, plugins=Plugins.load(), deliver="external") as opened:
        opened.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.#"])
        yield opened


@pytest.mark.slow
def test_a_connection_that_was_forgotten_is_told_of_while_it_is_waited_for_and_in_the_error(
    impatient, database, caplog
):
    connection = sqlite3.connect(database, check_same_thread=False)  # as SQLAlchemy makes them: of no thread
    connection.execute("INSERT INTO sync VALUES ('pulp2')")
    with pytest.raises(StoreBusy, match=HINT):
        impatient.emit("repo.sync.start")
    assert re.search(f"has been locked for 1 s {HINT}", caplog.text)
    connection.close()


@pytest.mark.sample(1)
def test_so_is_one_of_an_event_loop(impatient, database, caplog):
    aiosqlite = pytest.importorskip("aiosqlite")

    async def forget():
        async with aiosqlite.connect(database) as connection:
            await connection.execute("INSERT INTO sync VALUES ('pulp2')")
            with pytest.raises(StoreBusy, match=HINT):
                await impatient.emit_async("repo.sync.start")
            await impatient.emit_async("repo.sync.start", connection=connection)
            await connection.commit()

    asyncio.run(forget())
    assert re.search(f"has been locked for 1 s {HINT}", caplog.text)


@pytest.mark.slow
def test_the_transaction_of_another_process_is_no_reason_to_look_for_a_connection(impatient, database, locked, caplog):
    locked(database)
    with pytest.raises(StoreBusy, match="by another process, or another transaction"):
        impatient.emit("repo.sync.start")
    assert "this same process" not in caplog.text


def test_a_transaction_of_another_thread_is_waited_for(own, database):
    begun, emitted = threading.Event(), []

    def hold():
        connection = sqlite3.connect(database)
        connection.execute("INSERT INTO sync VALUES ('pulp2')")
        begun.set()
        time.sleep(0.5)  # longer than it takes to ask whose transaction it is
        connection.commit()
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    begun.wait()
    emitted.append(own.emit("repo.sync.start"))
    holder.join()
    assert own.deliveries.stats().pending == 2


@pytest.mark.parametrize("timeout", ["0.2s"])
def test_how_long_to_wait_for_another_transaction_is_a_setting(tmp_path, database, timeout):
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\noutbox = {database}\ndata_dir = data\n[storage]\ntimeout = {timeout}\n")
    with EventBus.open(config, plugins=Plugins.load(), deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.#"])
        blocker = sqlite3.connect(database, check_same_thread=False)
        bus.deliveries.stats()
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match=r"`timeout` in section \[storage\]"):
            bus.emit("repo.sync.start")
        blocker.rollback()
        blocker.close()


def test_a_connection_whose_rows_look_otherwise_is_as_good_as_any(bus, database):
    connection = sqlite3.connect(database)
    connection.text_factory = bytes
    connection.row_factory = lambda cursor, row: {"first": row[0]}
    emit(bus, connection)
    connection.commit()
    assert sum(bus.deliveries.stats().totals.values()) == 1  # asked once: it may be delivered between two questions
    connection.close()


@pytest.mark.parametrize("factory", [bytes, bytearray, lambda text: text.decode("utf-16", "ignore"), len])
def test_an_id_is_repeated_on_a_connection_that_makes_something_else_of_text(bus, database, factory):
    connection = sqlite3.connect(database)
    connection.text_factory = factory
    with connection:
        first = bus.emit("repo.sync.start", {"repo_id": "ü"}, id="i1", connection=connection)
        again = bus.emit("repo.sync.start", {"repo_id": "ü"}, id="i1", connection=connection)
        with pytest.raises(EventConflict, match=r"repo_id was \"ü\" and is \"b\" now"):
            bus.emit("repo.sync.start", {"repo_id": "b"}, id="i1", connection=connection)
        assert connection.text_factory is factory
    assert again == first and connection.execute("SELECT 'ab'").fetchone() == (factory(b"ab"),)
    connection.close()


@pytest.fixture(params=["external", "inline"])
def late(tmp_path, database, request):
    """Opens a bus, on the application's database, that has not used its outbox yet."""
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\noutbox = {database}\ndata_dir = {tmp_path / 'data'}\n[storage]\ntimeout = 20s\n")
    return lambda: EventBus.open(config, plugins=Plugins.load(), deliver=request.param)


def create(bus):
    bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.#"], enabled=False)


def test_the_very_first_emit_may_be_in_the_applications_transaction(late, database):
    """There is no time to make the tables then: the transaction would keep us out."""
    with late() as bus:
        create(bus)
        connection = sqlite3.connect(database)
        with connection:
            emit(bus, connection)
        connection.close()
        assert bus.deliveries.stats().pending == 1


def test_so_may_the_first_one_after_an_upgrade(late, database):
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    for statement in schema._statements(schema.MIGRATIONS[0]):
        connection.execute(statement)
    connection.execute("INSERT INTO pulp_outbox_meta VALUES ('version', 1)")
    with late() as bus:
        create(bus)
        connection.execute("BEGIN")
        emit(bus, connection)
        connection.execute("COMMIT")
        assert bus.deliveries.stats().pending == 1
    connection.close()


@pytest.mark.sample(1)
@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_bus_that_is_opened_within_a_transaction_says_so_at_once(late, database, mode):
    connection = sqlite3.connect(database)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("INSERT INTO sync VALUES ('pulp2')")
    with late() as bus:
        create(bus)
        with pytest.raises(StoreBusy, match=r"does not have this release's tables yet.*of this same thread"):
            emit(bus, connection)
        connection.commit()
        assert bus.deliveries.stats().pending == 0
        emit(bus, connection)
        connection.commit()
        assert bus.deliveries.stats().pending == 1
    connection.close()


def test_a_bus_whose_outbox_cannot_be_opened_can_still_manage_listeners(late, database):
    database.write_bytes(b"not a database" * 1000)
    with late() as bus:
        create(bus)
        assert len(bus.listeners.list()) == 1
        with pytest.raises(StoreError, match="damaged or not a database"):
            bus.emit("repo.sync.start")


def test_tables_that_are_there_are_told_without_opening_the_outbox(late, database):
    with late() as bus:
        assert bus.outbox is not None
    with late() as bus:
        assert bus._delivering._outbox is None
