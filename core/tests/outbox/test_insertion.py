"""However many deliveries an event has and of which kinds, they are stored in order, in one statement."""

import sqlite3

import pytest

from pulp_events.outbox.records import NewDelivery, NewEvent
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox

PLAIN, TARGET, SKIPPED = NewDelivery("a"), NewDelivery("b", "ü@x.example"), NewDelivery("c", "", "was disabled")


@pytest.mark.parametrize(
    "deliveries",
    [
        [PLAIN],
        [TARGET],
        [SKIPPED],
        [PLAIN, PLAIN],
        [NewDelivery(f"{n:024x}") for n in range(500)],
        [NewDelivery('"; DROP TABLE'), NewDelivery("\U0001f600"), NewDelivery("ü")],
        [PLAIN, TARGET, PLAIN, SKIPPED] * 3,
        [SKIPPED, *[PLAIN] * 20],
        (PLAIN, NewDelivery("d", "0"), NewDelivery("d", "[1]")),
    ],
    ids=["plain", "target", "skipped", "two", "many", "odd texts", "all kinds", "skipped first", "a tuple"],
)
def test_deliveries_come_back_as_they_went_in(tmp_path, deliveries):
    outbox = SQLiteOutbox(tmp_path / "outbox.sqlite")
    outbox.add([NewEvent("e", "repo.sync.start", 1.0, "here", b"{}", deliveries)])
    found = outbox.of_event("e")
    kinds = [(one.listener_id, one.target, "dead" if one.skip is not None else "pending") for one in deliveries]
    assert [(one.listener_id, one.target, one.state) for one in found] == kinds
    assert [one.id for one in found] == [f"e.{n}" for n in range(len(deliveries))]
    outbox.close()
    with sqlite3.connect(tmp_path / "outbox.sqlite") as connection:
        reasons = connection.execute("SELECT reason, finished IS NOT NULL FROM pulp_delivery ORDER BY n").fetchall()
    assert reasons == [(one.skip, one.skip is not None) for one in deliveries]
