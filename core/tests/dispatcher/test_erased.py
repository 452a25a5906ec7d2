"""What a dispatcher had claimed when its event was erased is not sent any more."""

import pytest

from pulp_events.dispatcher import erased
from pulp_events.outbox.stored_event import EventQuery

A = "repo.sync.start"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(erased, "FRESH", 0.0)


def test_claimed_deliveries_of_erased_events_are_not_begun(open_bus, scripted, eventually):
    bus = open_bus(lanes=1)
    bus.listeners.create("scripted", {"name": "a"}, [A])
    scripted.behaviour["a"] = scripted.hang
    ids = [event.id for event in bus.emit_many([(A, {"repo_id": str(number)}) for number in range(12)])]
    eventually(lambda: scripted.sent("a"))
    claimed = [each.id for each in bus.deliveries.list() if each.lease is not None]
    first = scripted.sent("a")[0]
    chosen = [each for each in ids[1:] if each != first][:6]
    bus.events.erase(EventQuery(ids=chosen))
    scripted.behaviour.clear()
    scripted.released.set()
    rest = [each for each in ids if each not in chosen]
    eventually(lambda: all(bus.events.deliveries(each)[0].state == "delivered" for each in rest))
    assert bus.dispatcher.drain(30)
    assert sorted(scripted.sent("a")) == sorted(rest)
    assert len(claimed) > 1, "the claim took one at a time, so nothing was tested"


def test_an_outbox_that_cannot_say_delays_nothing(open_bus, scripted, eventually, monkeypatch):
    from pulp_events.errors import StoreError

    bus = open_bus()
    bus.listeners.create("scripted", {"name": "a"}, [A])

    asked = []

    def fails(limit):
        asked.append(limit)
        raise StoreError("away")

    monkeypatch.setattr(bus.outbox, "erasures", fails)
    bus.emit(A, {"repo_id": "x"})
    eventually(lambda: scripted.sent("a"))
    assert asked
