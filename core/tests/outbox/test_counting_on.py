"""An outbox that an earlier release filled is counted in steps, and what it says is exact all the while."""

import sqlite3
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest

from pulp_events.outbox.activity import By
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.sqlite import counting, schema
from pulp_events.outbox.sqlite.connection import connect, prepare
from pulp_events.outbox.sqlite.recover import recover
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.states import FINISHED
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import LISTENER, OTHER, new_event, result

AGES = {"a": 600, "b": 86400, "c": 10 * 86400, "d": 200 * 86400}


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def path(tmp_path, clock):
    """Deliveries of schema 5, made some time ago, and one that is pending; an event without any."""
    path = tmp_path / "outbox.sqlite"
    with patch.object(schema, "VERSION", 5):
        connection = connect(path)
        prepare(connection)
        schema.migrate(connection, str(path))
    add = "INSERT INTO pulp_event (id, event_type, time, source, report, alone) VALUES (?, 'repo.x', ?, '', x'7b7d', ?)"
    for name, age in AGES.items():
        time = clock.time() - age
        seq = connection.execute(add, (name, time, 0)).lastrowid
        connection.execute(
            "INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state, attempts, finished) "
            "VALUES (?, 0, ?, '', 'delivered', 1, ?)", (seq, LISTENER, time + 3)
        )  # fmt: skip
        connection.execute(
            "INSERT INTO pulp_attempt VALUES (?, 0, 1, ?, 0.5, 'delivered', 'ok', NULL)", (seq, time + 2.5)
        )
    seq = connection.execute(add, ("e", clock.time() - 60, 0)).lastrowid
    connection.execute(
        "INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state) VALUES (?, 0, ?, '', 'pending')",
        (seq, OTHER),
    )
    connection.execute(add, ("f", clock.time(), 1))
    connection.close()
    return path


def check(outbox, clock, counted):
    stats = outbox.stats()
    assert (stats.pending, stats.delivered, stats.events, stats.events_alone) == (1, 4, 6, 1)
    assert stats.by_listener[LISTENER]["delivered"] == 4
    assert stats.oldest_pending == outbox.find(DeliveryQuery(state="pending"), 1)[0].event_time
    for hours, known in ((1, 1), (48, 2), (24 * 30, 3), (24 * 365, 3)):
        since = datetime.fromtimestamp(clock.time(), UTC) - timedelta(hours=hours)
        groups = outbox.activity(since, None, By.LISTENER).groups
        if counted:
            assert groups[LISTENER].delivered == known
            assert groups[LISTENER].delay.quantile(0.5) == pytest.approx(3, rel=0.1)
        assert groups[OTHER].pending == 1


def test_what_is_there_is_counted_step_by_step_and_told_at_each_of_them(path, clock):
    outbox = SQLiteOutbox(path, clock, boot="")
    steps = 0
    with patch.object(counting, "_NEXT", counting._NEXT.replace(f"LIMIT {counting.STEP}", "LIMIT 1")):
        check(outbox, clock, counted=False)
        while outbox._writer.run(lambda own: counting.count_on(own, clock.time())) or steps < len(AGES) + 2:
            check(outbox, clock, counted=False)
            steps += 1
    assert steps == len(AGES) + 2
    check(outbox, clock, counted=True)
    outbox.close()
    outbox = SQLiteOutbox(path, clock, boot="")
    while outbox.maintain(dict.fromkeys(FINISHED, 1e9), 1e9):
        pass
    check(outbox, clock, counted=True)
    outbox.close()


def test_what_is_recovered_is_counted_again(path, clock, tmp_path):
    outbox = SQLiteOutbox(path, clock, boot="")
    outbox.maintain(dict.fromkeys(FINISHED, 1e9), 1e9)
    outbox.close()
    target = tmp_path / "new" / "outbox.sqlite"
    target.parent.mkdir()
    with patch("pulp_events.outbox.sqlite.recover.SystemClock", lambda: clock):
        recover(path, target)
    outbox = SQLiteOutbox(target, clock, boot="")
    check(outbox, clock, counted=True)
    outbox.close()


def test_one_that_emits_and_never_delivers_counts_all_the_same(tmp_path, clock):
    outbox = SQLiteOutbox(tmp_path / "outbox.sqlite", clock, boot="", durable=False)
    with patch("pulp_events.outbox.sqlite.sqlite_outbox.COUNT_AFTER", 10):
        for _ in range(25):
            outbox.add([new_event()])
    with sqlite3.connect(outbox.path) as connection:
        assert connection.execute("SELECT seq, events FROM pulp_counted").fetchone() == (20, 20)
    assert outbox.stats().pending == outbox.stats().events == 25
    outbox.close()


def test_many_results_are_counted_like_a_few(tmp_path, clock):
    outbox = SQLiteOutbox(tmp_path / "outbox.sqlite", clock, boot="", durable=False)
    outbox.add([new_event(LISTENER) for _ in range(40)])
    outbox._writer.run(lambda own: counting.count_on(own, clock.time()))
    outbox.add([new_event(LISTENER) for _ in range(10)])  # not counted yet
    claimed = outbox.claim([ClaimRequest(LISTENER, 50)], 60, "t").deliveries
    outbox.record([result(each, "succeed") for each in claimed[:2]])
    outbox.record([result(each, ("succeed", "give_up")[n % 2]) for n, each in enumerate(claimed[2:48])])
    assert outbox.stats().by_listener[LISTENER] == {"pending": 2, "delivered": 25, "dead": 23}
    outbox.close()
