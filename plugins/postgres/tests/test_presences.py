"""Which processes are at work on a database, as hosts see it whose clocks differ."""

import pytest

from pulp_events.outbox.presence import KEEP, MOST_GONE, SILENT
from pulp_events.testing.outbox_contract.presences import beat


@pytest.fixture
def outbox(place):
    opened = place.outbox()
    yield opened
    opened.close()


def test_what_is_remembered_of_the_dead_is_dropped_after_a_day_or_where_they_are_many(place, outbox):
    for number in range(MOST_GONE + 10):
        outbox.beat(beat(f"{number:016x}"))
    place.advance(SILENT + 30)
    outbox.beat(beat("f" * 16))
    found = outbox.presences()
    assert len(found) == MOST_GONE + 1 and not found[0].gone and found[1].id == f"{MOST_GONE + 9:016x}"
    place.advance(KEEP)
    outbox.beat(beat("e" * 16))
    assert {one.id for one in outbox.presences()} == {"e" * 16}


def test_a_beat_updates_its_row_in_place(outbox):
    for _ in range(20):
        outbox.beat(beat())
    [[size]] = outbox.database.rows("SELECT pg_relation_size(@(pulp_presence))")
    assert size <= 8192
