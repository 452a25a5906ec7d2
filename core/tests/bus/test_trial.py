"""`bus.test_listener`: what is told of a test event."""

import pytest
from marshmallow import Schema

from pulp_events import Channel, Notifier, TransientFailure


class SlowNotifier(Notifier):
    """Takes 8 s to import what it needs, 2 s to connect, and 1 s for each event, by the test's clock."""

    type_id = "slow"
    config_schema = Schema

    def __init__(self, clock, refuse=False):
        self.clock, self.refuse, self.opened, self.closed = clock, refuse, 0, 0

    def targets(self, config):
        return ["a", "b"]

    def open(self, config, settings):
        self.clock.advance(8)
        notifier = self

        class SlowChannel(Channel):
            def open(self):
                notifier.clock.advance(2)
                notifier.opened += 1
                if notifier.refuse:
                    raise TransientFailure("refused")

            def close(self):
                notifier.closed += 1

            def send(self, delivery):
                notifier.clock.advance(1)

        return SlowChannel()


def trials(make_bus, notifier):
    bus = make_bus(notifier)
    return bus.test_listener(bus.listeners.create("slow", {}, ["*"]).id)


def test_the_duration_is_that_of_connecting_and_sending_without_imports(pulp_events_make_bus, pulp_events_clock):
    notifier = SlowNotifier(pulp_events_clock)
    first, second = trials(pulp_events_make_bus, notifier)
    assert (first.outcome, first.duration) == ("delivered", pytest.approx(3))
    assert (second.outcome, second.duration) == ("delivered", pytest.approx(1)), "over the channel of the first"
    assert (notifier.opened, notifier.closed) == (1, 1)


def test_a_channel_that_cannot_be_opened_is_closed_once_and_said_to_be_refused(pulp_events_make_bus, pulp_events_clock):
    notifier = SlowNotifier(pulp_events_clock, refuse=True)
    found = trials(pulp_events_make_bus, notifier)
    assert [(one.outcome, one.detail, one.duration) for one in found] == [
        ("transient", "refused", pytest.approx(2))
    ] * 2
    assert (notifier.opened, notifier.closed) == (2, 2)
