"""An event emitted within the application's transaction exists if and only if that commits."""

import sqlite3

import pytest

from pulp_events import EventBus, StoreError
from pulp_events.outbox.records import DeliveryQuery
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
    [delivery] = bus.sink.wait_for(1) and bus.wait(event, 10)
    assert delivery.state == "delivered"
    assert connection.execute("SELECT count(*) FROM sync").fetchone() == (1,)
    connection.close()


def test_it_never_existed_after_a_rollback(bus, database):
    connection = sqlite3.connect(database)
    emit(bus, connection)
    connection.rollback()
    connection.close()
    assert bus.deliveries.list(DeliveryQuery()) == []


def test_a_refused_event_leaves_the_applications_transaction_as_it_was(bus, database):
    connection = sqlite3.connect(database)
    event = emit(bus, connection)
    before = connection.total_changes
    bus._emitter._match, original = (lambda _: ([], _again(event, bus))), bus._emitter._match
    with pytest.raises(StoreError, match="UNIQUE"):
        bus.emit("repo.sync.start", connection=connection)
    bus._emitter._match = original
    assert connection.in_transaction and connection.total_changes >= before
    connection.commit()
    assert len(bus.wait(event, 10)) == 1
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
    with pytest.raises(StoreError, match="give emit an open sqlite3 connection|execute BEGIN before emit"):
        bus.emit("repo.sync.start", connection=connection)
    assert bus.deliveries.stats().pending == 0
    if wrong != "no connection":
        connection.close()
