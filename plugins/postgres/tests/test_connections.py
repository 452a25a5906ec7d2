"""Statements are bounded, and a connection that is lost leaves no doubt: with LISTEN, and as behind a pooler."""

import time
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from pulp_events.errors import StoreBusy, StoreError
from pulp_events.outbox.records import ClaimRequest
from pulp_events.testing.listener_store_contract import new_listener
from pulp_events.testing.outbox_contract import LISTENER, new_event


@pytest.fixture(params=[True, False], ids=["listening", "pooled"])
def home(place, request):
    place.limits = {"listen": request.param}
    return place


def test_a_statement_that_hangs_is_bounded_by_timeout(home):
    home.database().close()  # makes the tables, in its own time
    home.limits |= {"timeout": 0.3, "pool_size": 1}
    database = home.database()
    began = time.monotonic()
    with pytest.raises(StoreBusy, match="statement timeout"):
        database.rows("SELECT pg_sleep(60)")
    assert time.monotonic() - began < 30  # of 60
    assert database.rows("SELECT 1") == [(1,)]
    database.close()


def test_a_lock_that_another_holds_is_bounded_too(home):
    outbox = home.outbox()
    outbox.add([new_event()])
    home.limits |= {"timeout": 0.3}
    bounded = home.outbox()
    with psycopg.connect(home.url, password="pw") as other:
        other.execute(outbox.database.text("LOCK TABLE @.pulp_delivery"))
        with pytest.raises(StoreBusy):
            bounded.claim([ClaimRequest(LISTENER, 1)], 60, "t")
        with pytest.raises(StoreBusy):
            bounded.add([new_event()])
    [claimed] = outbox.claim([ClaimRequest(LISTENER, 5)], 60, "t").deliveries
    assert claimed.attempts == 1
    for each in (outbox, bounded):
        each.close()


def cut_after(monkeypatch, is_it, times=1):
    """The connection is lost once the server has done a statement of which `is_it(text)`, and before it says so."""
    execute, lost = psycopg.Connection.execute, []

    def cut(connection, query, *more, **options):
        found = execute(connection, query, *more, **options)
        if len(lost) < times and is_it(str(query)):
            lost.append(query)
            connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return found

    monkeypatch.setattr(psycopg.Connection, "execute", cut)
    return lost


def cut_after_transaction(monkeypatch, is_it):
    """The same once the server has committed a transaction and `is_it()`."""
    transaction, lost = psycopg.Connection.transaction, []

    @contextmanager
    def cut(connection, *more, **options):
        with transaction(connection, *more, **options):
            yield
        if is_it() and not lost:
            lost.append(True)
            connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(psycopg.Connection, "transaction", cut)
    return lost


@pytest.mark.parametrize("count", [1, 3])
def test_an_emit_whose_commit_was_not_answered_is_there_once(home, monkeypatch, count):
    outbox = home.outbox()
    events = [new_event() for _ in range(count)]
    last = (lambda text: "INSERT INTO" in text and "pulp_event" in text) if home.limits["listen"] else "COMMIT".__eq__
    lost = cut_after(monkeypatch, last)
    outbox.add(events)
    assert lost
    monkeypatch.undo()
    assert [len(outbox.of_event(event.id)) for event in events] == [1] * count
    outbox.add([new_event()])
    assert outbox.stats().pending == count + 1
    outbox.close()


def test_an_emit_that_was_lost_before_its_commit_is_stored_by_the_second_try(place, monkeypatch):
    place.limits = {"listen": False}
    outbox = place.outbox()
    lost = cut_after(monkeypatch, lambda text: "INSERT INTO" in text)
    outbox.add([new_event()])
    assert lost
    monkeypatch.undo()
    assert outbox.stats().pending == 1
    outbox.close()


def test_a_connection_that_is_lost_twice_is_an_error(home, monkeypatch):
    outbox = home.outbox()
    cut_after(monkeypatch, lambda text: "pulp_delivery" in text, times=2)
    with pytest.raises(StoreError, match="cannot be reached"):
        outbox.stats()
    monkeypatch.undo()
    assert outbox.stats().pending == 0
    outbox.close()


def test_an_edit_that_was_lost_after_its_commit_is_not_made_again(home, monkeypatch):
    store = home.listeners(fresh=0.0)
    changed, removed, new = new_listener(), new_listener(), new_listener()
    store.edit(lambda edit: [edit.add(changed), edit.add(removed)])
    made = []

    def make(edit):
        made.append(edit)
        edit.add(new)
        edit.remove(removed.id)
        return edit.change(changed.id, lambda before: replace(before, lanes=(before.lanes or 0) + 1))

    if home.limits["listen"]:
        lost = cut_after_transaction(monkeypatch, lambda: made)
    else:
        lost = cut_after(monkeypatch, lambda text: made and text == "COMMIT")
    assert store.edit(make) == replace(changed, lanes=1)
    assert lost and len(made) == 1
    monkeypatch.undo()
    assert store.all() == [replace(changed, lanes=1), new]
    store.close()


def test_an_edit_that_the_server_undoes_is_made_again(home, monkeypatch):
    store = home.listeners(fresh=0.0)
    execute, failed = psycopg.Connection.execute, []

    def fail_once(self, query, *arguments, **options):
        if "INSERT INTO" in str(query) and not failed:
            failed.append(True)
            raise psycopg.errors.DeadlockDetected("deadlock detected")
        return execute(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", fail_once)
    listener = new_listener()
    store.edit(lambda edit: edit.add(listener))
    assert failed and store.all() == [listener]
    store.close()
