"""How soon one process hears of what another did, and what that costs."""

import time

import pytest

from pulp_events.outbox.records import ClaimRequest
from pulp_events.testing.listener_store_contract import new_listener
from pulp_events.testing.outbox_contract import LISTENER, new_event
from pulp_events_postgres import queue


@pytest.fixture
def two(place):
    """Two processes' views: outboxes and listener stores."""
    opened = place.outbox(), place.outbox(), place.listeners(), place.listeners()
    yield opened
    for store in opened:
        store.close()


def counted(database, monkeypatch):
    """Statements that are run from now on."""
    seen, run = [], database.connections.run
    monkeypatch.setattr(database.connections, "run", lambda *given, **named: (seen.append(1), run(*given, **named))[1])
    return seen


def test_what_is_announced_is_noticed_without_looking(place, eventually):
    watcher, writer = place.outbox(look=3600.0), place.outbox()
    watcher.changed()
    assert not watcher.changed()
    writer.add([new_event()])
    eventually(watcher.changed)
    for each in (watcher, writer):
        each.close()


def test_what_nobody_announced_is_noticed_by_looking(two, eventually):
    watcher, writer, *_ = two
    watcher.changed()
    queue.add_surely(writer.database, [new_event()], True)
    eventually(watcher.changed)


def test_looking_costs_no_query_as_a_rule(two, monkeypatch):
    watcher, *_ = two
    watcher.changed()
    looks, look = [], watcher._watch._look
    monkeypatch.setattr(watcher._watch, "_look", lambda: (looks.append(1), look())[1])
    began = time.monotonic()
    for _ in range(1000):
        watcher.changed()
    assert len(looks) <= 2 + (time.monotonic() - began) / 0.03


def test_a_connection_that_listens_and_breaks_is_made_again(two, server, eventually):
    watcher, writer, _, elsewhere = two
    watcher.changed()
    before = watcher._watch._connection
    with server.connect() as connection:
        pid = (before.info.backend_pid,)
        connection.execute("SELECT pg_terminate_backend(%s)", pid)
        there = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
        eventually(lambda: connection.execute(there, pid).fetchone() == (0,))
    writer.add([new_event()])
    eventually(watcher.changed)
    assert before.closed
    eventually(lambda: (watcher.changed(), watcher._watch._connection is not None)[1])
    watcher.database.listeners_changed = False
    elsewhere.add(new_listener())
    eventually(lambda: watcher.changed() and watcher.database.listeners_changed)


@pytest.fixture
def passed(two, monkeypatch):
    """`passed[0]`: seconds, by the clock of the version that the third of `two` remembers."""
    seconds = [0.0]
    monkeypatch.setattr(two[2]._version, "_monotonic", lambda: seconds[0])
    return seconds


def test_a_listener_made_elsewhere_is_heard_of_within_a_second(two, passed):
    _, _, here, elsewhere = two
    assert here.version() is None
    elsewhere.add(new_listener())
    passed[0] = 1.0
    assert here.version() is not None


def test_the_version_of_listeners_is_not_asked_for_at_each_emit(two, passed, monkeypatch):
    _, _, here, _ = two
    here.version()
    seen = counted(here.database, monkeypatch)
    for _ in range(1000):
        here.version()
        passed[0] += 0.0004
    assert seen == []
    passed[0] = 1.0
    here.version()
    assert len(seen) == 1


def test_ones_own_change_of_listeners_holds_at_once(two):
    _, _, here, _ = two
    before = here.version()
    here.add(new_listener())
    assert here.version() != before


def test_one_announcement_stands_for_many(two, monkeypatch, eventually):
    _, writer, *_ = two
    writer.add([new_event()])
    time.sleep(0.1)
    announcing = counted(writer.database, monkeypatch)
    began = time.monotonic()
    for _ in range(200):
        writer.database.announce()
        time.sleep(0.0005)
    spent = time.monotonic() - began
    eventually(lambda: announcing and writer.database._announcer._wake.empty())
    assert len(announcing) <= spent / 0.02 + 3


def test_text_that_postgresql_cannot_store_is_recorded_all_the_same(two):
    from pulp_events.testing.outbox_contract import result

    outbox, *_ = two
    outbox.add([new_event()])
    [delivery] = outbox.claim([ClaimRequest(LISTENER, 1)], 60, "t").deliveries
    outbox.record([result(delivery, "give_up", detail="nul \0, surrogate \udcff, ü")])
    assert outbox.attempts(delivery.id)[0].detail == "nul \ufffd, surrogate ?, ü"
