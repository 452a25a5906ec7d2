"""`bus.deliveries.stats(since=…)`: what happened, kept apart by listener, notifier type or event type."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from marshmallow import Schema

from pulp_events import EventsError, ListenerNotFound, Notifier, TransientFailure
from pulp_events.outbox import activity_by_counting
from pulp_events.outbox.activity import By, merged
from pulp_events.outbox.states import Outcome, Transition
from pulp_events.system.clock import from_timestamp
from pulp_events.testing.bus import open_bus
from pulp_events.testing.clock import FakeClock


class Odd(Notifier):
    type_id = "odd"
    config_schema = Schema

    def deliver(self, event, config):
        if event.event_type == "repo.sync.finish":
            raise TransientFailure("not now")


@pytest.fixture
def bus(tmp_path):
    """Its clock stands still: two answers are of the same minutes."""
    with open_bus(tmp_path, Odd(), clock=FakeClock()) as bus:
        yield bus


def minutes_ago(bus, minutes):
    return from_timestamp(bus.clock.time()) - timedelta(minutes=minutes)


def of(bus, by="listener", **more):
    return bus.deliveries.stats(since=minutes_ago(bus, 5), by=by, **more).activity


def test_what_happened_is_told_by_listener_notifier_and_event_type(bus):
    one = bus.listeners.create("odd", {}, ["repo.sync.*"], name="one")
    other = bus.listeners.create("odd", {}, ["repo.sync.start"])
    for event_type in ("repo.sync.start", "repo.sync.start", "repo.sync.finish"):
        bus.emit(event_type)
    found = of(bus)
    assert found.by == By.LISTENER and found.span.step == 60.0 and found.groups.keys() == {one.id, other.id}
    its = found.groups[one.id]
    assert its.attempts == {Outcome.DELIVERED: 2, Outcome.TRANSIENT: 1}
    assert (its.delivered, its.failed, its.dead, its.discarded, its.pending, its.under_way) == (2, 1, 0, 0, 1, 0)
    assert its.failing == pytest.approx(1 / 3) and its.oldest_pending is not None
    assert its.seconds.count == 3 and 0 < its.delay.quantile(0.95) < 60
    assert len(its.series) == found.span.pieces and sum(point.failed for point in its.series) == 1
    assert of(bus, listener="one").groups == {one.id: its}
    by_type = of(bus, By.EVENT_TYPE).groups
    assert (by_type["repo.sync.start"].delivered, by_type["repo.sync.finish"].failed) == (4, 1)
    assert by_type["repo.sync.finish"].oldest_pending == its.oldest_pending
    assert of(bus, "notifier").groups.keys() == {"odd"}
    assert of(bus, "notifier").total == of(bus).total == of(bus, "event-type").total
    bus.listeners.delete(one.id)
    assert of(bus).groups[one.id].ended == {Transition.BURY: 1} and of(bus).total.discarded == 1
    assert of(bus, "notifier").groups.keys() == {"", "odd"}


def test_a_series_that_several_have_together_is_added_for_each(bus):
    bus.listeners.create("odd", {}, ["repo.sync.*"])
    bus.emit("repo.sync.start")
    [one] = of(bus).groups.values()
    both = merged([one, one, replace(one, series=[*one.series])])
    assert sum(point.delivered for point in both.series) == both.delivered == 3
    assert [point.start for point in both.series] == [point.start for point in one.series]


def test_a_store_that_does_not_count_is_counted(bus):
    bus.listeners.create("odd", {}, ["repo.sync.*"])
    for event_type in ("repo.sync.start", "repo.sync.finish"):
        bus.emit(event_type)
    since, now = minutes_ago(bus, 5), minutes_ago(bus, 0)
    for by in (By.LISTENER, By.EVENT_TYPE):
        counted = activity_by_counting.activity(bus.outbox, since, None, by, now=now)
        told = bus.outbox.activity(since, None, by)
        assert counted.groups and (counted.groups, counted.total) == (told.groups, told.total)


def test_without_since_there_are_counts_alone(bus):
    assert bus.deliveries.stats().activity is None and bus.deliveries.stats().totals["pending"] == 0


def test_what_is_asked_of_one_listener_is_of_it_alone_by_id_or_name(bus):
    one, other, third = (bus.listeners.create("odd", {}, ["repo.sync.*"], name=name) for name in ("one", None, "third"))
    bus.emit("repo.sync.start")
    for counts in (bus.deliveries.stats(listener="one"), bus.deliveries.stats(minutes_ago(bus, 0), listener=one.id)):
        assert counts.by_listener.keys() == {one.id} and (counts.delivered, counts.events) == (1, 1)
    assert bus.deliveries.stats(listener=[other.id, "third"]).by_listener.keys() == {other.id, third.id}
    assert bus.deliveries.stats(listener=[]).delivered == 0 and bus.deliveries.health([]) == {}
    assert bus.deliveries.health("one").keys() == {one.id}
    assert bus.deliveries.health([one.id, "third"]).keys() == {one.id, third.id} < bus.deliveries.health().keys()
    for ask in (bus.deliveries.stats, bus.deliveries.health):
        with pytest.raises(ListenerNotFound):
            ask(listener="nobody")
        with pytest.raises(EventsError, match="not a list of texts"):
            ask(listener=7)


def test_what_cannot_be_told_is_refused(bus):
    now = datetime.now(UTC)
    with pytest.raises(EventsError, match="give one of listener, notifier, event-type"):
        bus.deliveries.stats(since=now, by="day")
    with pytest.raises(EventsError, match="time zone"):
        bus.deliveries.stats(since=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ListenerNotFound):
        bus.deliveries.stats(since=now, listener="nobody")
