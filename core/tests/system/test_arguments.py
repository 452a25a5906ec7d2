"""An argument of the wrong kind is one clear line, before anything was done."""

from datetime import datetime

import pytest

from pulp_events import BusClosed, DeliveryQuery, EventBus, EventQuery, EventsError


@pytest.fixture
def bus(tmp_path):
    with EventBus.open(plugins=False, data_dir=tmp_path / "data", deliver="external") as bus:
        yield bus


@pytest.mark.parametrize("value", ["env:EV", "file:/x", "", " ", b"x", 5, ["x"]], ids=repr)
@pytest.mark.parametrize("name", ["config", "data_dir"])
def test_what_is_no_path(tmp_path, monkeypatch, name, value):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EventsError, match=f"^{name}=.*give "):
        EventBus.open(**{name: value}, plugins=False, deliver="external")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["x", [], True, float("nan")], ids=repr)
def test_what_is_no_grace_and_closes_nothing(bus, value):
    with pytest.raises(EventsError, match="^grace=.*number of seconds"):
        bus.close(grace=value)
    bus.emit("repo.sync.start")


@pytest.mark.parametrize("value", ["x", [], True, float("nan")], ids=repr)
def test_what_is_no_timeout(bus, value):
    with pytest.raises(EventsError, match="^timeout=.*number of seconds"):
        bus.wait(bus.emit("repo.sync.start"), timeout=value)


@pytest.mark.parametrize("value", [None, 5, b"x"], ids=repr)
def test_what_is_no_event(bus, value):
    with pytest.raises(EventsError, match=r"^wait\(\) was given .* its id"):
        bus.wait(value)


@pytest.mark.parametrize("value", ["x", None, 1.5, -1, True], ids=repr)
def test_what_is_no_limit(bus, value):
    with pytest.raises(EventsError, match="^limit=.*whole number"):
        bus.deliveries.list(limit=value)


@pytest.mark.parametrize(
    "query",
    [
        {"event_types": "repo.#"}, {"event_types": [5]}, {"event_types": 5}, {"since": "2h"}, {"until": 5.0},
        {"since": datetime(2026, 1, 1)}, {"id_prefix": 5}, {"ids": "a"}, {"ids": b"a"},
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_query_of_events(query):
    with pytest.raises(EventsError, match=f"^{next(iter(query))}=.*give "):
        EventQuery(**query)


@pytest.mark.parametrize(
    "query",
    [
        {"listener_id": 5},
        {"listener_ids": "a"},
        {"ids": "a.0"},
        {"error": b"x"},
        {"until": "2h"},
        {"event_type": ["a"]},
    ],
    ids=repr,
)
def test_what_is_no_query_of_deliveries(query):
    with pytest.raises(EventsError, match=f"^{next(iter(query))}=.*give "):
        DeliveryQuery(**query)


def test_what_is_no_place_and_no_query(bus):
    for name in ("before", "after"):
        with pytest.raises(EventsError, match=f"^{name}=.*place"):
            bus.events.list(**{name: "x"})
    for ask, kind in ((bus.events.list, "EventQuery"), (bus.deliveries.list, "DeliveryQuery")):
        with pytest.raises(EventsError, match=rf"^query=.*give .*{kind}\("):
            ask("repo.#")
    with pytest.raises(EventsError, match="^before=5 .*give text"):
        bus.deliveries.list(before=5)


def test_what_is_asked_of_a_closed_bus_is_answered_as_an_emit(bus):
    bus.emit("repo.sync.start", id="a")
    pages = bus.events.each()
    bus.close()
    query = DeliveryQuery()
    for ask in (
        bus.events.list, lambda: bus.events.get("a"), lambda: bus.events.deliveries("a"), lambda: next(pages),
        bus.deliveries.list, bus.deliveries.stats, bus.deliveries.health, lambda: bus.deliveries.count(query),
        lambda: bus.deliveries.get("a.0"), lambda: next(bus.deliveries.retry(query)),
    ):  # fmt: skip
        with pytest.raises(BusClosed):
            ask()
