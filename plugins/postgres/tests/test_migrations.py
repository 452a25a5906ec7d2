"""Tables that an earlier release made are brought up to date, with what is in them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pulp_events.outbox.activity import By
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.testing.listener_store_contract import new_listener
from pulp_events.testing.outbox_contract import LISTENER, new_event, result
from pulp_events_postgres import ledger, set_up

KNOWN = set_up.scripts()


COLUMNS = ("id", "time", "source", "report", "n", "listener_id", "target", "state", "attempts", "ready_at", "lease")
"""As every version has them."""


def rows_of(outbox, events):
    rows = outbox.database.rows(
        f"SELECT {', '.join(COLUMNS)} FROM @.pulp_delivery JOIN @.pulp_event ON seq = event_seq "
        "WHERE id = ANY (%s) ORDER BY seq, n",
        ([event.id for event in events],),
    )
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def store(database, events):
    """As every version has them: the first is dead, the second is leased, the others were never attempted."""
    for event in events:
        database.execute(
            "WITH event AS (INSERT INTO @.pulp_event (id, event_type, time, source, report) "
            "VALUES (%s, %s, %s, %s, %b) RETURNING seq) INSERT INTO @.pulp_delivery (event_seq, n, listener_id, "
            "target, state) SELECT seq, 0, %s, '', 'pending' FROM event",
            (event.id, event.event_type, event.time, event.source, event.report, LISTENER),
        )
    one = "event_seq = (SELECT seq FROM @.pulp_event WHERE id = %s)"
    database.execute(
        f"UPDATE @.pulp_delivery SET state = 'dead', attempts = 1, finished = @.pulp_now() WHERE {one}", (events[0].id,)
    )
    database.execute(
        "INSERT INTO @.pulp_attempt SELECT seq, 0, 1, 5, 0.1, 'permanent', 'no' FROM @.pulp_event WHERE id = %s",
        (events[0].id,),
    )
    database.execute(
        f"UPDATE @.pulp_delivery SET lease = 't', attempts = 1, ready_at = @.pulp_now() + 60 WHERE {one}",
        (events[1].id,),
    )
    database.execute("INSERT INTO @.pulp_listener_health VALUES (%s, 5, 6, 6, 1, 'no')", (LISTENER,))


@pytest.mark.parametrize("version", range(1, len(KNOWN)))
def test_tables_of_each_earlier_version_are_migrated_with_what_is_in_them(place, monkeypatch, version):
    monkeypatch.setattr(set_up, "scripts", lambda: KNOWN[:version])
    monkeypatch.setattr(ledger, "DELIVERY_COLUMNS", ledger.DELIVERY_COLUMNS.replace("d.repeat_of", "NULL"))
    outbox, listeners = place.outbox(), place.listeners()
    assert outbox.database.version == version
    events = [new_event() for _ in range(3)]
    store(outbox.database, events)
    listener = new_listener()
    listeners.add(listener)
    before = rows_of(outbox, events)
    health = outbox.health()
    assert [one["state"] for one in before] == ["dead", "pending", "pending"] and before[1]["lease"] and health
    for each in (outbox, listeners):
        each.close()

    monkeypatch.undo()
    outbox, listeners = place.outbox(), place.listeners()
    assert outbox.database.version == len(KNOWN)
    assert rows_of(outbox, events) == before
    ids = [f"{one['id']}.{one['n']}" for one in before]
    assert outbox.attempts(ids[0])[0].detail == "no"
    assert outbox.health() == health
    assert list(listeners.all()) == [listener]
    stats = outbox.stats()
    assert (stats.totals["pending"], stats.totals["dead"], stats.events, stats.events_alone) == (2, 1, 3, 0)
    assert stats.oldest_pending.timestamp() == before[1]["time"]
    outbox.add([new_event()])
    claim = outbox.claim([ClaimRequest(LISTENER, 9)], 60, "t")
    assert [one.id for one in claim.deliveries] == [ids[2], *(one.id for one in claim.deliveries[1:])]
    assert len(claim.deliveries) == 2 and 0 < claim.waits[LISTENER] <= 60
    assert outbox.record([result(one, "give_up") for one in claim.deliveries]) == [True, True]
    assert outbox.health()[LISTENER].failures == health[LISTENER].failures + 2
    assert (outbox.stats().pending, outbox.stats().dead, outbox.stats().events) == (1, 3, 4)
    for each in (outbox, listeners):
        each.close()


def test_attempts_that_an_earlier_release_stored_are_counted_in_the_piece_of_time_that_they_belong_to(
    place, monkeypatch
):
    monkeypatch.setattr(set_up, "scripts", lambda: KNOWN[:13])
    database = place.database()
    ages = {"a": 600, "b": 86400, "c": 10 * 86400, "d": 200 * 86400}
    now = place.time()
    for name, age in ages.items():
        database.execute(
            "WITH event AS (INSERT INTO @.pulp_event (id, event_type, time, source, report) VALUES (%s, 'repo.x', %s, "
            "'', '{}') RETURNING seq) INSERT INTO @.pulp_delivery (event_seq, n, listener_id, target, state, attempts, "
            "finished) SELECT seq, 0, %s, '', 'delivered', 1, %s FROM event",
            (name, now - age, LISTENER, now - age + 3),
        )
        database.execute(
            "INSERT INTO @.pulp_attempt SELECT seq, 0, 1, time + 2.5, 0.5, 'delivered', '' FROM @.pulp_event "
            "WHERE id = %s",
            (name,),
        )
    database.close()
    monkeypatch.undo()
    outbox = place.outbox()
    for hours, known in ((1, 1), (48, 2), (24 * 30, 3), (24 * 365, 3)):
        found = outbox.activity(datetime.fromtimestamp(now - 3600 * hours, UTC), None, By.LISTENER).groups[LISTENER]
        assert (found.delivered, found.failed) == (known, 0)
        assert abs(found.seconds.quantile(0.5) - 0.5) < 0.05 and abs(found.delay.quantile(0.95) - 3) < 0.3
    outbox.close()


def test_what_an_earlier_release_stored_or_still_stores_has_no_known_scope(place, monkeypatch):
    """Its processes go on running while the tables are migrated."""
    monkeypatch.setattr(set_up, "scripts", lambda: KNOWN[:14])
    earlier = place.database()
    insert = "INSERT INTO @.pulp_event (id, event_type, time, source, report) VALUES (%s, 'repo.x', 1, '', '{}')"
    earlier.execute(insert, ("before",))
    file = earlier.rows("SELECT pg_relation_filenode('@.pulp_event')")
    monkeypatch.undo()
    outbox = place.outbox()
    assert earlier.rows("SELECT pg_relation_filenode('@.pulp_event')") == file, "the table was not written anew"
    earlier.execute(insert, ("after",))
    outbox.add([replace(new_event(), id="of this", scope="a")])
    found = {one.id: (one.scope, one.scope_known) for one in outbox.events(EventQuery(), 9)}
    assert found == {"before": (None, False), "after": (None, False), "of this": ("a", True)}
    assert outbox.events(EventQuery(without_scope=True), 9) == []
    earlier.execute("INSERT INTO @.pulp_delivery (event_seq, n, listener_id, target, state) SELECT seq, 0, %s, '', "
                    "'pending' FROM @.pulp_event WHERE id = 'after'", (LISTENER,))  # fmt: skip
    outbox.database.upheaval()
    for found in (outbox.claim([ClaimRequest(LISTENER, 9)], 60, "t").deliveries, outbox.find(DeliveryQuery(), 9)):
        assert {(one.event_id == "after", one.scope, one.scope_known) for one in found} == {
            (True, None, False), (False, "a", True),
        }  # fmt: skip
    assert outbox.count(DeliveryQuery(without_scope=True)) == 0
    assert {one.id for one in outbox.events(EventQuery(scope_unknown=True), 9)} == {"before", "after"}
    earlier.close()
    outbox.close()


def test_a_step_that_takes_long_is_not_cut_off_by_the_limit_of_statements(place, monkeypatch):
    place.limits = {"timeout": 0.5}
    monkeypatch.setattr(set_up, "scripts", lambda: [*KNOWN, "SELECT pg_sleep(0.8)"])
    database = place.database()
    assert database.version == len(KNOWN) + 1
    assert database.rows("SHOW statement_timeout") == [("500ms",)]
    database.close()


def test_a_step_that_fails_leaves_the_tables_as_they_were(place, monkeypatch):
    place.database().close()
    broken = "CREATE TABLE @.pulp_half (x int); SELECT 1 / 0"
    monkeypatch.setattr(set_up, "scripts", lambda: [*KNOWN, broken])
    with pytest.raises(Exception, match="division by zero"):
        place.database()
    monkeypatch.undo()
    database = place.database()
    assert database.version == len(KNOWN)
    assert database.rows("SELECT count(*) FROM pg_class WHERE relname = 'pulp_half'") == [(0,)]
    database.close()


def test_event_types_and_times_are_looked_up_by_indexes(place):
    database = place.database()
    database.execute(
        "INSERT INTO @.pulp_event (id, event_type, time, source, report) "
        "SELECT i::text, 'type ' || i %% 1000, i, 'here', decode(repeat('00', 200), 'hex') "
        "FROM generate_series(1, 20000) i"
    )
    database.execute("VACUUM ANALYZE @.pulp_event")
    for condition, index in (
        ("event_type = 'type 7'", "pulp_event_type"), ("time >= 100 AND time < 120", "pulp_event_time"),
    ):  # fmt: skip
        plan = database.rows(f"EXPLAIN SELECT * FROM @.pulp_event WHERE {condition}")
        assert index in str(plan)
    database.close()
