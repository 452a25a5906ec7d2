"""What an application with its own connections needs: tables made when it migrates, and no connection too many."""

import os
import threading
import time

import psycopg
import pytest

from pulp_events import EventBus, Plugins, StoreError, StoreTooNew, hookimpl
from pulp_events.listeners.tinydb_store import TinyDBListenerStore
from pulp_events_postgres import create_tables
from pulp_events_postgres.set_up import scripts

URL = {"url": "http://127.0.0.1:9/"}


@pytest.fixture
def dsn(url):
    return url.replace("pulp@", "pulp:pw@")


@pytest.fixture
def settings(tmp_path, url):
    def make(**storage):
        return {
            "events": {"data_dir": tmp_path / "data"},
            "storage": {"url": url, "password": "pw", **storage},
        }

    return make


@pytest.fixture
def watcher(dsn):
    """Another connection, which looks at the others."""
    with psycopg.connect(dsn, autocommit=True) as opened:
        yield opened


def connections(watcher, name="pulp-events"):
    """Of this database, those that are ours."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
    return watcher.execute(query, (name,)).fetchone()[0]


def tables(watcher, schema):
    query = "SELECT count(*) FROM pg_tables WHERE schemaname = %s AND tablename LIKE 'pulp\\_%%'"
    return watcher.execute(query, (schema,)).fetchone()[0]


def test_create_tables_makes_them_in_the_transaction_of_the_connection(dsn, watcher):
    with psycopg.connect(dsn, row_factory=psycopg.rows.dict_row) as connection:
        connection.execute("SET statement_timeout = '7s'")
        assert create_tables(connection, schema="our own") == len(scripts())
        assert connection.execute("SHOW statement_timeout").fetchone() == {"statement_timeout": "7s"}
        assert tables(watcher, "our own") == 0
        connection.rollback()
        assert tables(watcher, "our own") == 0
        create_tables(connection, schema="our own")
        connection.commit()
        made = tables(watcher, "our own")
        assert made > 5 and create_tables(connection, schema="our own") == len(scripts())
        connection.commit()
        assert tables(watcher, "our own") == made and tables(watcher, "public") == 0
    with psycopg.connect(dsn, autocommit=True) as connection:
        create_tables(connection)
    assert tables(watcher, "public") == made


def test_processes_that_create_them_at_once_make_them_once(dsn, watcher):
    errors = []

    def work():
        try:
            with psycopg.connect(dsn, autocommit=True) as connection:
                create_tables(connection, schema="ours")
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and tables(watcher, "ours") > 5


def test_create_tables_says_what_is_wrong(dsn, watcher):
    with pytest.raises(StoreError, match="object"):
        create_tables(object())
    with psycopg.connect(dsn) as connection:
        create_tables(connection, schema="ours")
        connection.execute("UPDATE ours.pulp_meta SET value = '9999' WHERE key = 'version'")
        with pytest.raises(StoreTooNew, match="version 9999"):
            create_tables(connection, schema="ours")
        connection.rollback()
        connection.read_only = True
        connection.execute("SELECT 1")
        with pytest.raises(StoreError, match="the tables cannot be made: cannot execute CREATE SCHEMA"):
            create_tables(connection, schema="theirs")
        connection.execute("SELECT 1")  # its transaction goes on


def test_django_makes_them_after_its_own_migrations(dsn, watcher, needs):
    needs("django")
    import django.conf
    from django.db.backends.postgresql.base import DatabaseWrapper

    if not django.conf.settings.configured:
        django.conf.settings.configure(USE_TZ=True)
    info = psycopg.conninfo.conninfo_to_dict(dsn)
    connection = DatabaseWrapper({
        "NAME": info["dbname"], "USER": info["user"], "PASSWORD": info["password"], "HOST": info["host"],
        "PORT": info["port"], "OPTIONS": {}, "TIME_ZONE": None, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False,
        "AUTOCOMMIT": True, "ATOMIC_REQUESTS": False,
    })  # fmt: skip
    create_tables(connection, schema="ours")
    connection.close()
    assert tables(watcher, "ours") > 5


def test_without_migrate_nothing_is_made_and_it_is_said_how(settings, dsn, watcher):
    with (
        EventBus.open(settings=settings(migrate=False, schema="ours"), deliver="external") as bus,
        pytest.raises(StoreError, match=r"schema ours: no tables of ours, and migrate = false.*create_tables"),
    ):
        bus.emit("repo.sync.start", {"repo_id": "a"})
    assert tables(watcher, "ours") == tables(watcher, "public") == 0
    with psycopg.connect(dsn) as connection:
        create_tables(connection, schema="ours")
    watcher.execute("UPDATE ours.pulp_meta SET value = '3' WHERE key = 'version'")
    with (
        EventBus.open(settings=settings(migrate=False, schema="ours"), deliver="external") as bus,
        pytest.raises(StoreError, match=f"tables of version 3, this release needs {len(scripts())}"),
    ):
        bus.listeners.list()


def test_a_schema_that_is_named_is_made_and_used(settings, watcher):
    for schema in ("ours", 'odd "name'):
        with EventBus.open(settings=settings(schema=schema), deliver="external") as bus:
            bus.listeners.create("http", URL, ["*"])
            event = bus.emit("repo.sync.start", {"repo_id": "a"})
            assert bus.events.get(event.id).event == event and bus.place.endswith(f"schema {schema}")
        assert tables(watcher, schema) > 5
    assert tables(watcher, "public") == 0


def test_idle_connections_are_closed_and_opened_again_when_needed(settings, watcher, eventually, monkeypatch):
    before, opened, connect = {*threading.enumerate()}, [], psycopg.connect
    monkeypatch.setattr(psycopg, "connect", lambda *given, **named: opened.append(1) or connect(*given, **named))
    with EventBus.open(settings=settings(idle="200ms"), deliver="external") as bus:
        bus.listeners.create("http", URL, ["*"])
        for _ in range(2):
            opened.clear()
            bus.emit("repo.sync.start", {"repo_id": "a"})
            eventually(lambda: connections(watcher) == 0)
            eventually(lambda: {*threading.enumerate()} <= before)
        assert opened, "the second time there was none left"
        assert bus.outbox.stats().pending == 2


def test_a_dispatcher_keeps_the_connection_that_wakes_it(settings, watcher, eventually):
    listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
    with EventBus.open(settings=settings(idle="200ms")) as bus:
        bus.listeners.create("http", URL, ["*"])
        [watch] = [bus.outbox._watch]
        assert eventually(lambda: watch._connection is not None)
        first = watch._connection
        assert eventually(lambda: watcher.execute(listening, ("pulp-events",)).fetchone()[0] <= 2)
        time.sleep(0.5)
        assert watch._connection is first and not first.closed


class HostStore:
    """A listener store of the application, as a plugin for Django would have one."""

    def __init__(self, folder):
        self.folder = folder

    @hookimpl
    def pulp_listener_store(self, settings):
        return TinyDBListenerStore(self.folder)


def test_a_process_that_emits_only_by_its_own_connection_opens_none(settings, dsn, watcher, tmp_path):
    plugins = Plugins.load()
    plugins.add("host", HostStore(tmp_path))
    own = settings(listeners="host", outbox="postgres", migrate=False, schema="ours")
    with psycopg.connect(dsn, application_name="host") as connection:
        create_tables(connection, schema="ours")
        connection.commit()
        with EventBus.open(settings=own, plugins=plugins, deliver="external") as bus:
            bus.listeners.create("http", URL, ["*"])
            for number in range(3):
                bus.emit("repo.sync.start", {"repo_id": str(number)}, connection=connection)
                connection.commit()
            connection.execute("SELECT 1")
            assert connections(watcher) == 0
            assert bus.outbox.stats().pending == 3
            assert connections(watcher) == 1


def test_so_it_is_with_listeners_in_the_database(settings, dsn, watcher):
    own = settings(migrate=False, schema="ours")
    with psycopg.connect(dsn) as connection, EventBus.open(settings=own, deliver="external") as manager:
        create_tables(connection, schema="ours")
        connection.commit()
        manager.listeners.create("http", URL, ["*"])
        before = connections(watcher)
        with EventBus.open(settings=own, deliver="external") as bus:
            for number in range(3):
                bus.emit("repo.sync.start", {"repo_id": str(number)}, connection=connection)
                connection.commit()
            assert bus._store.database.connections._idle == [] and connections(watcher) == before
            manager.listeners.create("http", URL, ["repo.publish.start"])
            bus._store._version.forget()  # half a second later
            event = bus.emit("repo.publish.start", {"repo_id": "x"}, connection=connection)
            connection.commit()
            assert len(manager.outbox.of_event(event.id)) == 2
            assert bus._store.database.connections._idle == []


@pytest.mark.parametrize("savepoint", [True, False])
def test_what_a_transaction_changed_is_not_seen_by_anybody_before_it_commits(settings, dsn, savepoint):
    own = settings(schema="ours")
    with psycopg.connect(dsn) as connection, EventBus.open(settings=own, deliver="external") as bus:
        bus.listeners.create("http", URL, ["*"])
        bus.emit("repo.sync.start", {"repo_id": "a"}, connection=connection)
        connection.commit()
        for ended, listeners in ((connection.rollback, 1), (connection.commit, 2)):
            if savepoint:
                connection.execute("SAVEPOINT mine")
            bus.listeners.create("http", URL, ["*"], connection=connection)
            if savepoint:
                connection.execute("RELEASE SAVEPOINT mine")
            event = bus.emit("repo.sync.start", {"repo_id": "b"}, connection=connection)
            other = bus.emit("repo.sync.start", {"repo_id": "c"})
            ended()
            assert len(bus.outbox.of_event(other.id)) == 1
            assert len(bus.outbox.of_event(event.id)) == (1 if ended == connection.commit else 0)
            bus._store._version.forget()  # half a second later
            event = bus.emit("repo.sync.start", {"repo_id": "d"}, connection=connection)
            connection.commit()
            assert len(bus.outbox.of_event(event.id)) == listeners


def test_a_snapshot_of_before_does_not_bring_old_listeners_back(settings, dsn):
    own = settings(schema="ours")
    with psycopg.connect(dsn) as connection, EventBus.open(settings=own, deliver="external") as bus:
        bus.listeners.create("http", URL, ["*"])
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT count(*) FROM ours.pulp_listener")
        bus.listeners.create("http", URL, ["*"])
        bus._store._version.forget()
        event = bus.emit("repo.sync.start", {"repo_id": "a"}, connection=connection)
        connection.commit()
        assert len(bus.outbox.of_event(event.id)) == 2


def test_a_connection_to_another_database_is_still_refused(settings, dsn, server, tmp_path):
    plugins = Plugins.load()
    plugins.add("host", HostStore(tmp_path))
    own = settings(listeners="host", outbox="postgres", migrate=False, schema="ours")
    with psycopg.connect(dsn) as connection:
        create_tables(connection, schema="ours")
    with server.connect() as elsewhere:
        elsewhere.autocommit = False
        create_tables(elsewhere, schema="ours")
        with EventBus.open(settings=own, plugins=plugins, deliver="external") as bus:
            bus.listeners.create("http", URL, ["*"])
            with pytest.raises(StoreError, match="does not contain the outbox"):
                bus.emit("repo.sync.start", {"repo_id": "a"}, connection=elsewhere)
        elsewhere.rollback()


def test_children_of_a_warm_process_have_connections_of_their_own(settings, watcher, eventually):
    before = {*threading.enumerate()}
    with EventBus.open(settings=settings(), deliver="external") as bus:
        bus.listeners.create("http", URL, ["*"])
        bus.emit("repo.sync.start", {"repo_id": "parent"})
        bus.warm_up()
        assert bus.outbox.database.connections._idle == []
        assert eventually(lambda: connections(watcher) == 0)
        assert {*threading.enumerate()} <= before
        children = []
        for number in range(3):
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    bus.emit("repo.sync.start", {"repo_id": str(number)})
                    code = 0
                finally:
                    os._exit(code)
            children.append(pid)
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        assert bus.outbox.stats().pending == 4
