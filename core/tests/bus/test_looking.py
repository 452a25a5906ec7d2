"""`bus.deliveries.look` and `bus.events.look`: what may be rare is looked for, for a time."""

from itertools import pairwise

import pytest
from marshmallow import Schema

from pulp_events import EventsError, Notifier
from pulp_events.bus import looking
from pulp_events.bus.looking import FASTER, FIRST, STEP, look
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.testing.bus import open_bus


class Odd(Notifier):
    type_id = "odd"
    config_schema = Schema

    def deliver(self, event, config):
        """Nothing is delivered here."""


class Shelf:
    """Places with something in some of them; to look at one takes so many seconds."""

    def __init__(self, filled, cost, oldest=0):
        self.filled, self.cost, self.lowest = set(filled), cost, oldest
        self.time, self.steps = 0.0, []

    def find(self, places, most):
        self.steps.append(places)
        found = [each for each in sorted(self.filled, reverse=True) if places[0] <= each < places[1]][:most]
        looked = places[1] - (found[-1] if len(found) == most else places[0])
        self.time += looked * self.cost
        return found

    def look(self, below, limit, seconds):
        return look(self.find, lambda: self.lowest, below, limit, seconds, lambda: self.time)


def test_what_is_common_is_found_with_few_steps_and_what_is_rare_in_pieces_that_join():
    shelf = Shelf(range(1_000_000), 2e-6)
    assert shelf.look(1_000_000, 51, 1.0) == ([*range(999_999, 999_948, -1)], None) and len(shelf.steps) == 2
    shelf = Shelf([3, 400_000], 2e-6)
    assert shelf.look(1_000_000, 51, 10.0) == ([400_000, 3], None)
    assert shelf.steps[0] == (1_000_000 - FIRST, 1_000_000) and shelf.steps[-1][0] == 0
    assert all(one[0] == two[1] for one, two in pairwise(shelf.steps)), "each place is looked at once"
    assert len(shelf.steps) < 1_000_000 * 2e-6 / STEP + 8


def test_it_ends_in_time_whatever_a_place_costs_and_goes_on_where_it_ended():
    for cost in (1e-6, 1e-4, 1e-2):
        shelf = Shelf([7], cost)
        found, left = shelf.look(10_000_000, 5, 0.5)
        assert found == [] and left is not None
        assert shelf.time <= max(0.5, FIRST * cost) + STEP * 1.01 and 10_000_000 - left == round(shelf.time / cost)
    shelf = Shelf([7, 5_000], 1e-4)
    rounds, below = [], 20_000
    while below is not None:
        found, below = shelf.look(below, 5, 0.2)
        rounds.append(found)
    assert sum(rounds, []) == [5_000, 7] and len(rounds) > 3
    assert max(two[1] - two[0] for two in shelf.steps) <= FASTER * FIRST * FASTER


def test_it_ends_where_there_is_nothing_older_and_where_there_is_enough():
    assert Shelf([], 1.0, oldest=990).look(1000, 5, 0.0) == ([], None)
    assert Shelf([], 1.0, oldest=900).look(1000, 5, 0.0) == ([], 1000 - FIRST)
    assert Shelf([999, 998], 1.0).look(1000, 2, 0.0) == ([999, 998], None)
    assert look(lambda places, most: [], lambda: None, 1000, 5, 1.0) == ([], None)
    assert Shelf([], 1.0).look(0, 5, 1.0) == ([], None)


PATIENT = 600.0
"""Seconds for a look that is to see everything, on a machine that may pause."""


@pytest.fixture
def bus(tmp_path):
    with open_bus(tmp_path, Odd(), deliver="external") as bus:
        bus.listeners.create("odd", {}, ["*"])
        for number in range(100):
            bus.emit("repo.sync.start" if number else "repo.sync.finish", {"number": number})
        yield bus


def test_what_a_filter_fits_nowhere_is_given_up_in_time_and_gone_on_with(bus):
    query, found, place, times = DeliveryQuery(event_type="*.*.finish"), [], None, []
    while True:
        looked = bus.deliveries.look(query, seconds=0, place=place)
        found += looked.found
        if looked.place is None:
            break
        place = looked.place
        times.append(looked.back_to)
        assert bus.events.list(limit=1, after=place - 1, oldest_first=True)[0].time == looked.back_to
    assert [each.id for each in found] == [each.id for each in bus.deliveries.list(query)] and len(found) == 1
    assert len(times) == 6 and times == sorted(times, reverse=True) and looked.back_to is None
    looked = bus.deliveries.look(query, seconds=PATIENT)
    assert [each.id for each in looked.found] == [each.id for each in found] and looked.place is None


def test_events_are_looked_for_in_the_same_way(bus):
    query, place, found = EventQuery(["#"], error="nobody says that"), None, 0
    while (looked := bus.events.look(query, before=place, seconds=0)).place is not None:
        place, found = looked.place, found + 1
    assert found == 6 and bus.events.look(query, seconds=PATIENT) == looking.Looked([])
    rare = EventQuery(["repo.*.finish"])
    assert bus.events.look(rare, seconds=0).place is not None
    found = bus.events.look(rare, seconds=PATIENT).found
    assert [each.id for each in found] == [each.id for each in bus.events.list(rare)]


@pytest.mark.parametrize(
    "query",
    [
        DeliveryQuery(), DeliveryQuery(state=State.PENDING), DeliveryQuery(listener_id="0" * 24),
        DeliveryQuery(event_type="repo.sync.start"), DeliveryQuery(state=State.DEAD), DeliveryQuery(ids=[]),
    ],
)  # fmt: skip
def test_pages_are_those_of_the_list(bus, query):
    before, pages = None, []
    while True:
        looked = bus.deliveries.look(query, limit=30, before=before, seconds=PATIENT)
        listed = bus.deliveries.list(query, limit=30, before=before)
        assert [each.id for each in looked.found] == [each.id for each in listed] and looked.place is None
        pages.append(len(listed))
        if len(listed) < 30:
            break
        before = listed[-1].id
    assert sum(pages) == bus.deliveries.count(query)


def test_times_bound_what_is_looked_at(bus, monkeypatch):
    middle = bus.events.list(limit=50)[-1].time
    steps = []
    find = bus.outbox.find

    def noted(query, *arguments, **options):
        steps.append(query.places)
        return find(query, *arguments, **options)

    monkeypatch.setattr(bus.outbox, "find", noted)
    rare = {"error": "nobody says that"}
    assert bus.deliveries.look(DeliveryQuery(since=middle, **rare), seconds=PATIENT).place is None
    assert min(low for low, _ in steps) > 20, "what is older is not looked at"
    steps.clear()
    assert bus.deliveries.look(DeliveryQuery(until=middle, **rare), seconds=PATIENT).place is None
    assert max(high for _, high in steps) < 60
    steps.clear()
    nothing = DeliveryQuery(since=bus.events.list(limit=1)[0].time.replace(year=2999), **rare)
    assert bus.deliveries.look(nothing, seconds=PATIENT).place is None and len(steps) == 1


def test_a_page_behind_a_delivery_that_is_gone_is_empty_and_bad_arguments_are_refused(bus):
    query = DeliveryQuery(state=State.PENDING)
    assert bus.deliveries.look(query, before=f"{'0' * 32}.0") == looking.Looked(())
    for options in ({"limit": -1}, {"place": "x"}, {"seconds": None}, {"before": 7}):
        with pytest.raises(EventsError):
            bus.deliveries.look(query, **options)
