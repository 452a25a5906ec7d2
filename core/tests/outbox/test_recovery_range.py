"""Around places of a table that cannot be read, recovery takes every row before and after them."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from pulp_events.outbox.sqlite.recover import Recovered, _Recovery


class Cursor:
    def __init__(self, table, at):
        self._rows = iter([row for row in table.rows if row[0] >= at])
        self._unreadable = table.unreadable

    def __iter__(self):
        return self

    def __next__(self):
        row = next(self._rows)
        if row in self._unreadable:
            raise sqlite3.DatabaseError("database disk image is malformed")
        return row

    def fetchone(self):
        return next(self, None)


class Table:
    """Rows that begin with an event's number; reading one that is in a bad place fails, and so what comes to it on the
    way."""

    def __init__(self, rows, unreadable):
        self.rows, self.unreadable = rows, unreadable

    def ask(self, query, parameters):
        return Cursor(self, *parameters)


def recovered(rows, unreadable):
    """Of rows that are each an event's only one."""
    result = Recovered()
    table = Table([(row,) for row in rows], {(row,) for row in unreadable})
    found = [row for (row,) in _Recovery(table, None, result)._rows("every row")]
    return found, result.gaps


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40), st.data())
def test_of_an_event_with_several_deliveries_only_its_own_are_lost(counts, data):
    rows = [(number, n) for number, count in enumerate(counts, 1) for n in range(count)]
    bad = data.draw(st.sampled_from(rows))
    found = list(_Recovery(Table(rows, {bad}), None, Recovered())._rows("every row"))
    assert found == [row for row in rows if row[0] != bad[0] or row < bad]


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 300))
def test_nothing_but_what_is_in_the_bad_place_is_lost(before, bad, after):
    rows = list(range(1, before + bad + after + 1))
    unreadable = set(rows[before : before + bad])
    assert recovered(rows, unreadable) == (sorted(set(rows) - unreadable), 1 if bad else 0)


@given(st.integers(0, 300), st.integers(1, 300))
def test_where_the_rest_of_a_table_cannot_be_read_what_is_before_it_is_recovered(before, bad):
    rows = list(range(1, before + bad + 1))
    unreadable = set(rows[before:])
    # Beyond the last row there is nothing that could fail.
    assert recovered(rows, unreadable) == (rows[:before], 1)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), min_size=1, max_size=5), st.integers(0, 10))
def test_what_lies_between_two_bad_places_is_found_if_it_is_longer_than_the_first(places, before):
    rows = list(range(1, 1000))
    at, unreadable = before, set()
    for bad, more in places:
        unreadable.update(rows[at : at + bad])
        at += 2 * bad + more + 1
    assert recovered(rows, unreadable) == (sorted(set(rows) - unreadable), len(places))


@given(st.sets(st.integers(1, 10**12), min_size=1, max_size=60), st.data())
def test_numbers_may_have_holes_of_any_size(numbers, data):
    rows = sorted(numbers)
    bad = data.draw(st.sampled_from(rows))
    assert recovered(rows, {bad}) == ([row for row in rows if row != bad], 1)
