"""What an application with its records in PostgreSQL emits is recorded, also in transactions of its own."""

import psycopg
import pytest

from pulp_events import EventBus, EventType
from pulp_events.testing.recording import record_events


@pytest.fixture
def bus(place):
    with EventBus.open(settings={"storage": {"url": place.url, "password": "pw"}}, deliver="external") as bus:
        yield bus


@pytest.fixture
def database(place):
    with psycopg.connect(place.url, password="pw") as database:
        yield database
        database.rollback()


def test_a_committed_event_is_recorded_and_one_that_is_rolled_back_is_not(bus, database):
    with record_events() as events:
        listener = bus.listeners.create("http", {"url": "http://ci.example/"}, ["*"])
        event = bus.emit("repo.sync.start", {"repo_id": "a"}, connection=database)
        assert events.uncommitted == ["repo.sync.start"] and len(events) == 0
        database.commit()
        assert [each.listener_id for each in events.one("repo.sync.start", repo_id="a").deliveries] == [listener.id]
        assert [each.state for each in bus.wait(event, timeout=30)] == ["delivered"]

        with pytest.raises(ZeroDivisionError), database.transaction():
            bus.emit("repo.sync.start", {"repo_id": "b"}, connection=database)
            raise ZeroDivisionError
        bus.emit("repo.sync.start", {"repo_id": "c"})
        assert [each.payload["repo_id"] for each in events] == ["a", "c"]
    assert bus.listeners.list() == [] and bus.deliveries.list() == []


def test_what_an_application_registered_is_known_to_the_next_process(bus, place):
    with EventBus.open(
        settings={"storage": {"url": place.url, "password": "pw"}, "events": {"source": "shop"}},
        deliver="external",
        event_types=[EventType("order.paid", "An order was paid.\0", {"id": "its number"}, schema={"type": "object"})],
    ):
        pass
    found = bus.learn_event_types()["order.paid"]
    assert (found.source, dict(found.event_type.payload)) == ("shop", {"id": "its number"})
    bus.listeners.create("http", {"url": "http://ci.example/"}, ["order.*"])
    assert bus.forget_event_types(["order.paid"]) == 1
    assert bus.learn_event_types() == {}
