"""`bus.explain_event`: those that have deliveries first, each explained when it is asked for."""

import pytest
from marshmallow import Schema

from pulp_events import EventNotFound, Notifier
from pulp_events.bus import past
from pulp_events.testing.bus import open_bus


class Odd(Notifier):
    type_id = "odd"
    config_schema = Schema

    def deliver(self, event, config):
        """Nothing goes wrong."""


@pytest.fixture
def bus(tmp_path):
    with open_bus(tmp_path, Odd()) as bus:
        yield bus


def test_only_what_is_taken_is_explained_and_who_has_deliveries_comes_first(bus, monkeypatch):
    others = [bus.listeners.create("odd", {}, ["repo.publish.*"]).id for _ in range(20)]
    got = [bus.listeners.create("odd", {}, ["repo.sync.*"]).id for _ in range(3)]
    event = bus.emit("repo.sync.start", {"repo_id": "a"})
    later = bus.listeners.create("odd", {}, ["*"]).id
    gone = bus.listeners.create("odd", {}, ["*"]).id
    bus.listeners.delete(gone)  # it neither was there nor is
    bus.listeners.delete(others[3])
    asked = []
    explain = past.explain
    monkeypatch.setattr(past, "explain", lambda *given, **more: asked.append(given[0].id) or explain(*given, **more))
    found = bus.explain_event(event.id)
    assert (len(found), found.with_deliveries, asked) == (24, 3, [])
    assert [each.listener_id for each in found[:5]] == [*got, *others[:2]] == asked
    assert {each.listener_id for each in found} == {*got, *others, later}
    assert [each.cause for each in found[-2:]] == ["created", "event type"] and found[-1].listener_id == others[3]
    [one] = found.of_those(got[1])
    assert one.gets == "yes" and one.deliveries and found[1] == one and not found.of_those(gone, "0" * 24)
    with pytest.raises(EventNotFound):
        bus.explain_event("nothing")
    with pytest.raises(IndexError):
        found[24]
