"""A change of listeners in the application's own transaction is there if and only if that commits."""

import threading

import psycopg
import pytest

from pulp_events import EventBus, ListenerNotFound, NameTaken, Plugins, StoreError, hookimpl
from pulp_events.testing.listener_transactions_contract import ListenerTransactionsContract

URL = {"url": "http://127.0.0.1:9/"}
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def dsn(url):
    return url.replace("pulp@", "pulp:pw@")


@pytest.fixture
def connection(dsn):
    with psycopg.connect(dsn) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def bus(conf):
    with EventBus.open(conf, deliver="external") as opened:
        yield opened


def seen(bus):
    """As another process sees it."""
    return {each.id: each for each in bus._store.all()}


class TestContract(ListenerTransactionsContract):
    @pytest.fixture
    def home(self, url, dsn):
        class Ours:
            def open(self):
                from pulp_events_postgres.address import make
                from pulp_events_postgres.database import Database
                from pulp_events_postgres.listener_store import PostgresListenerStore

                return PostgresListenerStore(Database(make(url, "pw")), fresh=0.0)

            def connect(self):
                return psycopg.connect(dsn)

        Ours().open().close()  # makes the tables
        return Ours()


def test_every_change_joins_the_transaction(bus, connection):
    listeners = bus.listeners
    old = listeners.create("http", URL, ["*"], name="old")
    one = listeners.create("http", URL, ["*"], name="one", connection=connection)
    listeners.update(one.id, lanes=2, connection=connection)
    listeners.update("one", name="two", connection=connection)
    listeners.disable("two", "for now", connection=connection)
    listeners.mute(old.id, 60, connection=connection)
    listeners.within(connection).keep("0" * 24, "http", URL, ["repo.sync.start"])
    with listeners.together(connection=connection) as several:
        several.create("http", URL, ["*"], name="three")
        several.delete(old.id)
    assert list(seen(bus)) == [old.id] and seen(bus)[old.id].muted_until is None
    with pytest.raises(NameTaken):
        listeners.create("http", URL, ["*"], name="three", connection=connection)
    with pytest.raises(ListenerNotFound):
        listeners.delete("gone", connection=connection)
    connection.commit()
    found = {each.name: each for each in seen(bus).values()}
    assert set(found) == {"two", "three", None} and (found["two"].lanes, found["two"].enabled) == (2, False)
    actions = [change.action for change in listeners.history(one.id)]
    assert actions == ["disabled", "updated", "updated", "created"]


def test_a_roll_back_leaves_records_deliveries_and_history_as_they_were(bus, connection):
    listener = bus.listeners.create("http", URL, ["*"])
    event = bus.emit("repo.sync.start")
    history = bus.listeners.history()
    bus.listeners.disable(listener.id, connection=connection)
    bus.listeners.enable(listener.id, connection=connection)
    bus.listeners.delete(listener.id, connection=connection)
    connection.rollback()
    assert list(seen(bus)) == [listener.id] and bus.listeners.history() == history
    assert [one.state for one in bus.outbox.of_event(event.id)] == ["pending"]
    bus.listeners.delete(listener.id, connection=connection)
    assert [one.state for one in bus.outbox.of_event(event.id)] == ["pending"]
    connection.commit()
    assert [(one.state, one.detail) for one in bus.outbox.of_event(event.id)] == [("dead", "the listener was deleted")]


def test_dispatchers_are_told_at_the_commit(bus, connection, dsn, eventually):
    with psycopg.connect(dsn, autocommit=True) as ear:
        ear.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(bus.outbox.database.channel)))
        bus.listeners.create("http", URL, ["*"], connection=connection)
        assert list(ear.notifies(timeout=0.1)) == [] and bus.listeners.list() == []
        connection.commit()
        [told] = ear.notifies(timeout=30, stop_after=1)
        assert told.payload == "listeners"
    assert eventually(lambda: len(bus.listeners.list()) == 1)


def test_others_wait_for_the_transaction_and_nobody_deadlocks(bus, connection, conf, dsn, eventually):
    one, two = (bus.listeners.create("http", URL, ["*"]) for _ in range(2))
    bus.listeners.update(one.id, lanes=2, connection=connection)

    def other():
        with EventBus.open(conf, deliver="external") as own:
            own.listeners.update(two.id, lanes=3)
            own.listeners.update(one.id, name="x")

    thread = threading.Thread(target=other)
    thread.start()
    with psycopg.connect(dsn, autocommit=True) as watch:
        eventually(lambda: watch.execute(WAITING).fetchone() == (1,))
    bus.listeners.update(two.id, name="y", connection=connection)
    connection.commit()
    thread.join(60)
    assert not thread.is_alive()
    found = seen(bus)
    assert (found[one.id].lanes, found[one.id].name) == (2, "x") and (found[two.id].lanes, found[two.id].name) == (
        3,
        "y",
    )


def test_the_hook_is_told_when_the_change_is_made(conf, connection):
    told = []

    class Observer:
        @hookimpl
        def pulp_listener_changed(self, before, after, by):
            told.append((before, after, by))

    plugins = Plugins.load()
    plugins.add("observer", Observer())
    with EventBus.open(conf, deliver="external", plugins=plugins, by="alice") as bus:
        made = bus.listeners.create("http", URL, ["*"], connection=connection)
        assert told == [(None, made, "alice")]


def test_where_it_cannot_be_it_is_said(tmp_path, bus, dsn):
    files = {"events": {"data_dir": tmp_path / "files"}}
    with EventBus.open(settings=files, deliver="external") as own, psycopg.connect(dsn) as connection:
        for call in (
            lambda: own.listeners.create("http", URL, ["*"], connection=connection),
            lambda: own.listeners.together(connection=connection),
            lambda: own.listeners.delete("x", connection=connection),
        ):
            with pytest.raises(StoreError, match=r"TinyDBListenerStore, which cannot join .*leave connection out"):
                call()
    with psycopg.connect(dsn, autocommit=True) as connection, pytest.raises(StoreError, match="autocommit"):
        bus.listeners.create("http", URL, ["*"], connection=connection)
