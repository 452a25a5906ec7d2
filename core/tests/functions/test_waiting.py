"""A function that is not here: its deliveries wait, and lose no attempt."""

import time

import pytest
from marshmallow import Schema

from pulp_events import Notifier
from pulp_events.listeners.tinydb_store import HOLD


def handler(event):
    pass


@pytest.mark.parametrize("has_another", [False, True])
def test_without_the_function_nothing_is_claimed_and_with_it_everything_is_delivered(open_bus, has_another, clock):
    open_bus(clock=clock).on("repo.#", name="n")(handler)
    bus = open_bus(clock=clock)  # the next release of the application, without it
    if has_another:
        bus.on("repo.publish.*", name="another")(handler)
    event = bus.emit("repo.sync.start")
    for _ in range(3):
        clock.advance(100)
        assert bus.deliver_due() == 0
    [delivery] = bus.wait(event, 0)
    assert (delivery.state, delivery.attempts, delivery.lease) == ("pending", 0, None)
    [explained] = [each for each in bus.explain("repo.sync.start") if each.gets == "later"]
    assert (explained.cause, explained.reason) == (
        "notifier",
        "function n is not in this process; it waits for a process of the application",
    )
    bus.on("repo.#", name="n")(handler)  # it is back
    bus.deliver_due()
    [delivery] = bus.wait(event, 0)
    assert (delivery.state, delivery.attempts) == ("delivered", 1)


def test_what_waited_is_delivered_as_soon_as_the_function_is_registered(open_bus, eventually):
    open_bus(deliver="external").on("repo.#", name="n")(handler)
    bus = open_bus(deliver="background")
    event = bus.emit("repo.sync.start")
    assert bus.dispatcher.drain(60), "what others are to deliver keeps nobody from closing"
    assert bus.wait(event, 0)[0].attempts == 0
    bus.on("repo.#", name="n")(handler)
    assert bus.wait(event, 60)[0].state == "delivered"


def test_a_process_that_has_it_delivers_what_one_that_lacks_it_emits(open_bus):
    lacks, has = open_bus(deliver="background"), open_bus(deliver="background")
    has.on("repo.#", name="n")(handler)
    time.sleep(2 * HOLD)  # for which another bus may not see it
    events = lacks.emit_many([("repo.sync.start", {})] * 20)
    for event in events:
        [delivery] = has.wait(event, 60)
        assert (delivery.state, delivery.attempts) == ("delivered", 1)


class Parts(Notifier):
    """Somebody else's notifier whose targets are parts of an application."""

    type_id = "parts"
    config_schema = Schema

    def __init__(self):
        self.targets_here = {"a"}

    def targets(self, config):
        return ["a", "b"]

    def deliver(self, event, config):
        pass


def test_any_notifier_may_say_which_targets_are_here(open_bus):
    bus, parts = open_bus(), Parts()
    bus.plugins.add("parts", parts)
    bus.listeners.create("parts", {}, ["*"])
    event = bus.emit("repo.sync.start")
    assert [each.attempts for each in bus.wait(event, 0)] == [0, 0]
    assert bus.explain("repo.sync.start")[0].reason.startswith("parts b is not in this process")
    parts.targets_here.add("b")
    bus.deliver_due()
    assert [each.state for each in bus.wait(event, 0)] == ["delivered"] * 2


@pytest.mark.parametrize("here", [7, "ab", [["x"]]])
def test_one_that_says_it_badly_harms_no_other(open_bus, here):
    bus, parts, got = open_bus(), Parts(), []
    parts.targets_here = here
    bus.plugins.add("parts", parts)
    bus.listeners.create("parts", {}, ["*"])
    bus.on("*", name="n")(got.append)
    bus.emit("repo.sync.start")
    assert len(got) == 1
