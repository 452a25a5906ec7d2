"""Tables that an earlier release made are brought up to date, with what is in them."""

import dataclasses

import pytest

from pulp_events.outbox.records import ClaimRequest
from pulp_events.testing.listener_store_contract import new_listener
from pulp_events.testing.outbox_contract import LISTENER, new_event, result
from pulp_events_postgres import set_up

KNOWN = set_up.scripts()


def rows_of(outbox, events):
    return [dataclasses.asdict(one) for event in events for one in outbox.of_event(event.id)]


@pytest.mark.parametrize("version", range(1, len(KNOWN)))
def test_tables_of_each_earlier_version_are_migrated_with_what_is_in_them(place, monkeypatch, version):
    monkeypatch.setattr(set_up, "scripts", lambda: KNOWN[:version])
    outbox, listeners = place.outbox(), place.listeners()
    assert outbox.database.version == version
    events = [new_event() for _ in range(3)]
    outbox.add(events)
    [first] = outbox.claim([ClaimRequest(LISTENER, 1)], 60, "t").deliveries
    outbox.record([result(first, "give_up", detail="no")])
    listener = new_listener()
    listeners.add(listener)
    before = rows_of(outbox, events)
    for store in (outbox, listeners):
        store.close()

    monkeypatch.undo()
    outbox, listeners = place.outbox(), place.listeners()
    assert outbox.database.version == len(KNOWN)
    assert rows_of(outbox, events) == before
    assert outbox.attempts(first.id)[0].detail == "no"
    assert list(listeners.all()) == [listener]
    outbox.add([new_event()])
    assert len(outbox.claim([ClaimRequest(LISTENER, 9)], 60, "t").deliveries) == 3
    for store in (outbox, listeners):
        store.close()


def test_a_step_that_takes_long_is_not_cut_off_by_the_limit_of_statements(place, monkeypatch):
    place.limits = {"timeout": 0.3}
    monkeypatch.setattr(set_up, "scripts", lambda: [*KNOWN, "SELECT pg_sleep(0.8)"])
    database = place.database()
    assert database.version == len(KNOWN) + 1
    assert database.rows("SHOW statement_timeout") == [("300ms",)]
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
