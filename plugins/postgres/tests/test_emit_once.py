"""An id that the application chooses is stored once, whoever emits it, also in the application's own transactions."""

import subprocess
import sys
import threading

import psycopg
import pytest
from psycopg.rows import dict_row

from pulp_events import EventBus, EventConflict
from pulp_events.errors import StoreError
from pulp_events.outbox.records import NewDelivery, NewEvent
from pulp_events_postgres import queue

EMIT = """
import sys
from pulp_events import EventBus
bus = EventBus.open(sys.argv[1], deliver="external")
bus.listeners.list(), bus.outbox
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    event = bus.emit("repo.sync.start", {"number": number}, id=f"chosen-{number}")
    print(event.id, event.time.isoformat(), event.payload["number"], flush=True)
"""


@pytest.fixture
def bus(conf):
    with EventBus.open(conf, deliver="external") as opened:
        opened.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        yield opened


@pytest.fixture
def dsn(url):
    return url.replace("pulp@", "pulp:pw@")


def emitted(bus):
    return [each.id for each in bus.events.list(limit=999)]


def test_a_repeat_leaves_the_applications_transaction_as_it_was(bus, dsn):
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        connection.execute("CREATE TABLE mine (n int)")
        first = bus.emit("repo.sync.start", {"n": 1}, id="x", connection=connection)
        assert bus.emit("repo.sync.start", {"n": 1}, id="x", connection=connection) == first
        with pytest.raises(EventConflict, match=r"payload\.n was 1 and is 2 now"):
            bus.emit("repo.sync.start", {"n": 2}, id="x", connection=connection)
        connection.execute("INSERT INTO mine VALUES (1)")
        assert emitted(bus) == []
        connection.rollback()
        bus.emit("repo.sync.start", {"n": 2}, id="x")
        connection.execute("CREATE TABLE mine (n int)")
        with pytest.raises(EventConflict):
            bus.emit_many(
                [("repo.sync.start", {}, None, "y"), ("repo.sync.start", {}, None, "x")], connection=connection
            )
        assert bus.emit("repo.sync.start", {"n": 2}, id="x", connection=connection).payload["n"] == 2
        connection.commit()
        assert connection.execute("SELECT count(*) AS many FROM mine").fetchone() == {"many": 0}
    assert emitted(bus) == ["x"] and bus.outbox.stats().pending == 1


@pytest.mark.parametrize("ends", ["commit", "rollback"])
def test_one_that_another_transaction_is_storing_is_waited_for(bus, dsn, ends, eventually):
    found = []
    with psycopg.connect(dsn) as connection, psycopg.connect(dsn, autocommit=True) as watch:
        first = bus.emit("repo.sync.start", id="x", connection=connection)
        waiting = threading.Thread(target=lambda: found.append(bus.emit("repo.sync.start", id="x")))
        waiting.start()
        blocked = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        assert eventually(lambda: watch.execute(blocked).fetchone() == (1,)) and found == []
        getattr(connection, ends)()
        waiting.join()
    assert found[0].id == "x" and (found == [first]) is (ends == "commit")
    assert emitted(bus) == ["x"] and bus.outbox.stats().pending == 1


def test_a_transaction_that_sees_no_later_ones_is_told_to_begin_again_and_is_not_lost(bus, dsn):
    with psycopg.connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT 1")
        bus.emit("repo.sync.start", id="x")
        with pytest.raises(StoreError, match="could not serialize"):
            bus.emit("repo.sync.start", id="x", connection=connection)
        assert connection.execute("SELECT 1").fetchone() == (1,)
        connection.rollback()
        assert bus.emit("repo.sync.start", id="x", connection=connection).id == "x"
        connection.rollback()


def test_many_that_emit_the_same_ids_in_another_order_all_succeed(bus):
    events = [("repo.sync.start", {}, None, f"x-{n}") for n in range(30)]
    failed = []

    def emit(these):
        try:
            assert len(bus.emit_many(these)) == 30
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=emit, args=(each,)) for each in (events, events[::-1]) * 4]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == [] and len(emitted(bus)) == 30


def test_what_was_stored_by_a_try_whose_answer_was_lost_is_no_repeat(bus, monkeypatch):
    event = NewEvent("x", "repo.sync.start", 1_700_000_000.25, "here", b"{}", [NewDelivery("a" * 24)], once=True)
    add, tries = queue.add, []

    def loses_the_answer(database, own, events, durable, within=False):
        tries.append(1)
        if len(tries) > 1:
            return add(database, own, events, durable, within)
        with psycopg.connect(own.info.dsn, password="pw") as other:
            add(database, other, events, durable, within)
        raise psycopg.OperationalError("the connection is closed") from None

    monkeypatch.setattr(queue, "add", loses_the_answer)
    monkeypatch.setattr("pulp_events_postgres.connections.is_lost", lambda error: True)
    assert bus.outbox.add([event]) == {} and len(tries) == 2
    monkeypatch.undo()
    assert bus.outbox.add([event]).keys() == {"x"}
    assert len(bus.outbox.of_event("x")) == 1


@pytest.mark.slow
def test_of_50_processes_that_emit_the_same_ids_one_stores_each_and_all_are_told_of_it(bus, conf):
    conf.write_text(conf.read_text() + "pool_size = 1\nlisten = false\n")
    running = [
        subprocess.Popen([sys.executable, "-c", EMIT, conf], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(50)
    ]
    for each in running:
        assert each.stdout.readline() == "ready\n"
    for each in running:
        each.stdin.write("\n")
        each.stdin.flush()
    told = [each.communicate(timeout=100)[0].splitlines() for each in running]
    assert all(each.returncode == 0 for each in running)
    assert len(told[0]) == 20 and all(each == told[0] for each in told)
    assert sorted(emitted(bus)) == sorted(f"chosen-{n}" for n in range(20))
    assert bus.outbox.stats().pending == 20
