"""`bus.explain_event`: those that have deliveries first, each explained when it is asked for."""

import pytest
from marshmallow import Schema, fields

from pulp_events import EventNotFound, Notifier
from pulp_events.bus import past
from pulp_events.testing.bus import open_bus


class Odd(Notifier):
    type_id = "odd"
    config_schema = Schema

    def deliver(self, event, config):
        """Nothing goes wrong."""


class Names(Schema):
    names = fields.List(fields.String())


class Several(Odd):
    type_id = "several"
    config_schema = Names

    def targets(self, config):
        return config["names"]


@pytest.fixture
def bus(tmp_path):
    with open_bus(tmp_path, Odd(), Several()) as bus:
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
    order = [*sorted(got), *sorted([*others, later])]
    assert [each.listener_id for each in found[:5]] == order[:5]
    assert asked == [each for each in order[:5] if each != later]  # which was not there then, wherever its id comes
    assert [each.listener_id for each in found] == order
    causes = {each.listener_id: each.cause for each in found}
    assert causes[later] == "created" and causes[others[3]] == "event type"
    assert found.after(found.key_of(order[7]), 2) == found[8:10] and found.after(None, 3) == found[:3]
    assert found.after((True, ""), 1) == [found[3]] and found.after(found.key_of(order[-1]), 1) == []
    [one] = found.of_those(order[1])
    assert one.gets == "yes" and one.deliveries and found[1] == one and not found.of_those(gone, "0" * 24)
    with pytest.raises(EventNotFound):
        bus.explain_event("nothing")
    with pytest.raises(IndexError):
        found[24]


def test_no_more_deliveries_are_read_than_are_asked_for(bus, monkeypatch):
    many = bus.listeners.create("several", {"names": [f"n{number:02}" for number in range(30)]}, ["repo.sync.*"])
    one = bus.listeners.create("odd", {}, ["repo.sync.*"])
    event = bus.emit("repo.sync.start", {"repo_id": "a"})
    whole = {each.listener_id: each for each in bus.explain_event(event.id)}
    assert (len(whole[many.id].deliveries), whole[many.id].delivery_count) == (30, 30)
    read = []
    find = type(bus.outbox).find
    monkeypatch.setattr(type(bus.outbox), "of_event", lambda *given: pytest.fail("all of them are read"))
    monkeypatch.setattr(
        type(bus.outbox), "find", lambda *given, **more: (found := find(*given, **more), read.extend(found))[0]
    )
    few = {each.listener_id: each for each in bus.explain_event(event.id, most=4)}
    assert [each.id for each in few[many.id].deliveries] == [each.id for each in whole[many.id].deliveries[:4]]
    assert few[many.id].delivery_count == 30 and len(few[one.id].deliveries) == 1 and len(read) == 5
