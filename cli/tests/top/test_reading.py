"""What is asked of the store: no more than a page shows, and what is dear only now and then."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from pulp_events import EventBus
from pulp_events.system.clock import from_timestamp
from pulp_events_cli.top import reading as module
from pulp_events_cli.top.frame import Data
from pulp_events_cli.top.model import Condition, Overview
from pulp_events_cli.top.reading import Reading
from pulp_events_cli.top.state import Page, View


@pytest.fixture
def bus(admin):
    with EventBus.open(admin.config, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="one")
        bus.emit("repo.sync.start", {"repo_id": "rhel"})
        yield bus


def test_counts_that_take_long_are_made_seldom_and_what_keys_change_is_seen_at_once(bus, monkeypatch):
    asked, stats = [], bus.deliveries.stats

    def slow(**given):
        asked.append(given)
        time.sleep(0.05)
        return stats(**given)

    monkeypatch.setattr(bus.deliveries, "stats", slow)
    reading = Reading(bus, 900.0, 0.01)
    data = Data(Overview())
    for _ in range(10):
        data = reading.data(View(), data, 20)
    assert len(asked) == 2  # the first may be slow for once; by the second it is known
    assert reading.counts.every >= 1.0 > reading.pause  # the rest is read as often as before
    bus.listeners.mute("one", 60)
    [row] = reading.data(View(), data, 20).overview.rows
    assert row.condition == Condition.MUTED and row.figures.pending == 1 and len(asked) == 2
    reading.counts.forget()
    reading.data(View(), data, 20)
    assert len(asked) == 3


def test_a_page_asks_only_for_what_it_shows(bus, monkeypatch):
    bus.emit_many([("repo.sync.start", {"repo_id": "rhel"})] * 50)
    listener = bus.listeners.get("one")
    limits, found = [], bus.deliveries.list
    monkeypatch.setattr(
        bus.deliveries, "list", lambda query, **given: limits.append(given["limit"]) or found(query, **given)
    )
    reading = Reading(bus, 900.0, 2.0)
    page = reading.data(View(Page.LISTENER, listener=listener.id), Data(Overview()), 13).listener
    assert len(page.deliveries) == 13 and page.more and limits == [14]
    monkeypatch.setattr(bus.deliveries, "stats", None)  # a delivery needs none of that
    delivery = page.deliveries[0]
    shown = reading.data(View(Page.DELIVERY, delivery=delivery.id), Data(Overview()), 13).delivery
    assert shown.delivery.id == delivery.id and shown.listener == f"one ({listener.id})"


def test_a_listener_that_gets_little_is_looked_for_only_as_far_back_as_is_quick(bus, monkeypatch):
    listener = bus.listeners.get("one")
    later = bus.clock.time() + 3 * 3600
    monkeypatch.setattr(Reading, "_now", lambda self: from_timestamp(later))
    view = View(Page.LISTENER, listener=listener.id)
    assert (
        len(Reading(bus, 900.0, 2.0).listener(view, 13).deliveries) == 1
    )  # there is little, and all of it is looked at
    monkeypatch.setattr(module, "_QUICK", -1.0)
    looked, found = [], bus.deliveries.list
    monkeypatch.setattr(bus.deliveries, "list", lambda *given, **more: looked.append(given) or found(*given, **more))
    reading = Reading(bus, 900.0, 2.0)
    for _ in range(3):
        page = reading.listener(view, 13)
    assert len(looked) == 3
    assert not page.deliveries and page.since == from_timestamp(later) - timedelta(minutes=10)
    deep = View(Page.LISTENER, listener=listener.id, deep=True)
    assert len(Reading(bus, 900.0, 2.0).listener(deep, 13).deliveries) == 1
