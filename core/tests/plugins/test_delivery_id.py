"""The smallest form of a notifier: `deliver` is given the delivery's id if it wants it."""

import pytest
from marshmallow import Schema

from pulp_events import Notifier, TransientFailure
from pulp_events.testing import FakeClock, open_bus


class Sends(Notifier):
    type_id = "sends"
    config_schema = Schema

    def __init__(self):
        self.given = []

    def note(self, event, delivery_id):
        self.given.append((event.id, delivery_id))
        if len(self.given) == 1:
            raise TransientFailure("once more")


class WithId(Sends):
    def deliver(self, event, config, delivery_id=""):
        self.note(event, delivery_id)


class WithIdByName(Sends):
    def deliver(self, event, config, *, delivery_id):
        self.note(event, delivery_id)


class WithIdAsynchronously(Sends):
    async def deliver(self, event, config, delivery_id=""):
        self.note(event, delivery_id)


class WithoutId(Sends):
    def deliver(self, event, config):
        self.note(event, None)


@pytest.mark.parametrize(
    "notifier", [WithId(), WithIdByName(), WithIdAsynchronously()], ids=lambda each: type(each).__name__
)
def test_the_id_is_the_same_on_every_attempt_and_differs_by_delivery(tmp_path, notifier):
    clock = FakeClock()
    with open_bus(tmp_path, notifier, clock=clock) as bus:
        bus.listeners.create("sends", {}, ["repo.sync.start"])
        first = bus.emit("repo.sync.start", {"repo_id": "pulp2"})
        clock.advance(10)
        bus.deliver_due()
        second = bus.emit("repo.sync.start", {"repo_id": "pulp2"})
        ids = [one.id for event in (first, second) for one in bus.wait(event, 0)]
    assert notifier.given == [(first.id, ids[0]), (first.id, ids[0]), (second.id, ids[1])]


def test_one_that_does_not_ask_for_it_is_called_as_ever(tmp_path):
    notifier = WithoutId()
    with open_bus(tmp_path, notifier) as bus:
        bus.listeners.create("sends", {}, ["repo.sync.start"])
        event = bus.emit("repo.sync.start", {"repo_id": "pulp2"})
    assert notifier.given == [(event.id, None)]
