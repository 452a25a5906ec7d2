"""How SQLite looks for deliveries: without walking along all that are kept, where an index knows better."""

import sqlite3

import pytest

from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.sqlite import ledger
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.states import State


class Asked(Exception):
    """The question, and its parameters."""


class Reader:
    def rows(self, question, parameters):
        raise Asked(question, parameters)


@pytest.mark.parametrize(
    "query",
    [
        DeliveryQuery(event_id="one"),
        DeliveryQuery(event_id="one", state=State.PENDING, listener_id="l"),
        DeliveryQuery(ids=["one.0"]),
        DeliveryQuery(event_type="repo.sync.start"),
        DeliveryQuery(event_type="repo.sync.start", places=(5, 9)),
        DeliveryQuery(error="no", places=(5, 9)),
        DeliveryQuery(state=State.DEAD, event_type="repo.sync.start", places=(5, 9)),
    ],
)
def test_deliveries_are_found_without_looking_at_all(tmp_path, query):
    SQLiteOutbox(tmp_path / "outbox.sqlite").close()
    with pytest.raises(Asked) as asked:
        ledger.find(Reader(), query, 50)
    with sqlite3.connect(tmp_path / "outbox.sqlite") as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked.value.args[0]}", asked.value.args[1])]
    assert plan and not [step for step in plan if step.startswith("SCAN") and "asked" not in step], plan
