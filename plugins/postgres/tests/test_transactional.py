"""An event in the application's own transaction exists if and only if that commits."""

import time

import psycopg
import pytest
from psycopg.rows import dict_row

from pulp_events import EventBus
from pulp_events.errors import StoreBusy, StoreError
from pulp_events_postgres.emit_limit import within


@pytest.fixture
def bus(conf):
    with EventBus.open(conf, deliver="external") as opened:
        opened.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        yield opened


@pytest.fixture
def dsn(url):
    return url.replace("pulp@", "pulp:pw@")


def pending(bus):
    return bus.outbox.stats().pending


def test_psycopg(bus, dsn):
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        connection.execute("CREATE TABLE mine (n int)")
        bus.emit("repo.sync.start", connection=connection)
        assert pending(bus) == 0
        connection.commit()
        assert pending(bus) == 1
        bus.emit_many([("repo.sync.start", {"n": n}) for n in range(3)], connection=connection)
        connection.rollback()
        assert pending(bus) == 1
    with psycopg.connect(dsn, autocommit=True) as connection, connection.transaction():
        connection.execute("SET LOCAL search_path = pg_catalog")
        bus.emit("repo.sync.start", connection=connection)
    assert pending(bus) == 2


def test_the_scope_is_stored_with_what_is_emitted_in_the_applications_transaction(bus, dsn):
    with psycopg.connect(dsn) as connection:
        bus.emit("repo.sync.start", scope="a", connection=connection)
        bus.emit("repo.sync.start", id="chosen", scope="b", connection=connection)
        bus.emit_many([("repo.sync.start", {"n": n}) for n in range(2)], scope="c", connection=connection)
        bus.emit("repo.sync.start", connection=connection)
    stored = bus.events.list()
    assert [each.scope for each in stored] == [None, "c", "c", "b", "a"] and all(each.scope_known for each in stored)


def test_what_cannot_take_part_is_refused_and_leaves_the_transaction_as_it_was(bus, dsn, server):
    with psycopg.connect(dsn, autocommit=True) as connection, pytest.raises(StoreError, match="autocommit"):
        bus.emit("repo.sync.start", connection=connection)
    with pytest.raises(StoreError, match="object"):
        bus.emit("repo.sync.start", connection=object())
    with server.connect() as elsewhere:
        elsewhere.autocommit = False
        elsewhere.execute("CREATE TEMP TABLE mine (n int)")
        with pytest.raises(StoreError, match="does not contain the outbox"):
            bus.emit("repo.sync.start", connection=elsewhere)
        elsewhere.execute("SELECT * FROM mine")
        elsewhere.rollback()
    with psycopg.connect(dsn) as connection:
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT nonsense")
        with pytest.raises(StoreError, match="in a failed transaction"):
            bus.emit("repo.sync.start", connection=connection)
        connection.rollback()
    assert pending(bus) == 0


def test_a_commit_is_noticed_at_once_without_an_announcement(bus, dsn, eventually):
    outbox = bus.outbox
    with psycopg.connect(dsn, autocommit=True) as ear, psycopg.connect(dsn) as connection:
        ear.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(outbox.database.channel)))
        outbox.changed()
        bus.emit("repo.sync.start", connection=connection)
        while outbox.changed():  # it is under way
            time.sleep(0.04)
        assert outbox.ready() == {}
        connection.commit()
        assert eventually(outbox.changed)
        assert list(outbox.ready().values()) == [0]
        assert list(ear.notifies(timeout=0.1)) == [], "all such transactions would wait for one another's commit"


def test_a_transaction_holds_one_lock_however_often_it_emits(bus, dsn):
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    with psycopg.connect(dsn) as connection:
        for _ in range(20):
            bus.emit("repo.sync.start", connection=connection)
        assert connection.execute(held).fetchone() == (1,)
        connection.rollback()
        connection.execute("SAVEPOINT mine")
        bus.emit("repo.sync.start", connection=connection)
        connection.execute("ROLLBACK TO SAVEPOINT mine")
        assert connection.execute(held).fetchone() == (0,)
        bus.emit("repo.sync.start", connection=connection)
        assert connection.execute(held).fetchone() == (1,)
        connection.commit()
    assert pending(bus) == 1


def test_sqlalchemy(bus, dsn, needs):
    needs("sqlalchemy")
    import sqlalchemy
    from sqlalchemy.orm import Session

    engine = sqlalchemy.create_engine(dsn.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        bus.emit("repo.sync.start", connection=connection)
    assert pending(bus) == 1
    with engine.connect() as connection:
        bus.emit("repo.sync.start", connection=connection)
        connection.rollback()
        assert pending(bus) == 1
        bus.emit("repo.sync.start", connection=connection)
        connection.commit()
    with Session(engine) as session:
        bus.emit("repo.sync.start", connection=session)
        assert pending(bus) == 2
        session.commit()
        bus.emit("repo.sync.start", connection=session)
    assert pending(bus) == 3
    engine.dispose()


@pytest.fixture
def emit_timeout():
    return "300ms"


@pytest.fixture
def impatient(conf, emit_timeout):
    conf.write_text(conf.read_text() + f"emit_timeout = {emit_timeout}\n")
    with EventBus.open(conf, deliver="external") as opened:
        opened.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        yield opened


def limit_of(connection):
    return connection.execute("SHOW statement_timeout").fetchone()[0]


def test_emit_waits_for_others_as_long_as_emit_timeout_says_and_no_longer(impatient, dsn):
    with psycopg.connect(dsn) as blocker:
        blocker.execute(impatient.outbox.database.text("LOCK TABLE @.pulp_event"), ())
        for options in ({}, {"id": "chosen"}):
            with pytest.raises(StoreBusy, match=r"`emit_timeout` in section \[storage\] allows \(0.3 s\); nothing was"):
                impatient.emit("repo.sync.start", **options)
        with psycopg.connect(dsn, autocommit=True) as connection, connection.transaction():
            connection.execute("SET LOCAL statement_timeout = '77s'")
            with pytest.raises(StoreBusy, match="`emit_timeout`"):
                impatient.emit("repo.sync.start", connection=connection)
            assert limit_of(connection) == "77s"
    for options in ({}, {"id": "chosen"}):
        impatient.emit("repo.sync.start", **options)
    assert pending(impatient) == 2
    impatient.outbox.database.connections.run(lambda own: own.execute("SELECT pg_sleep(0.6)"))


@pytest.mark.parametrize("emit_timeout", ["20s"])
@pytest.mark.parametrize(("own", "meanwhile"), [("77s", "20s"), ("10s", "10s"), ("0", "20s")])
def test_the_limit_of_the_applications_transaction_is_its_own_again(impatient, dsn, own, meanwhile):
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"SET statement_timeout = '{own}'")
        with connection.transaction():
            impatient.emit("repo.sync.start", connection=connection)
            assert limit_of(connection) == own
            cursor = connection.cursor()
            with within(cursor, 20.0):
                assert limit_of(connection) == meanwhile
        assert limit_of(connection) == own
    assert pending(impatient) == 1
