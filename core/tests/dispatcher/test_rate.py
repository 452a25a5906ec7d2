"""A listener with a rate: how much all that deliver attempt in a time, and what becomes of the rest."""

import asyncio
import time
from collections import defaultdict
from datetime import timedelta

import pytest
from marshmallow import Schema

from pulp_events import Channel, InvalidConfig, Notifier, TransientFailure


def test_no_more_is_attempted_than_the_rate_allows_and_the_rest_as_time_passes(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="2/m")
    bus.listeners.create("scripted", {"name": "other"}, ["*"])
    events = [bus.emit("repo.sync.start") for _ in range(4)]
    assert len(scripted.sent("slow")) == 1 and len(scripted.sent("other")) == 4
    for expected in (2, 3, 4):
        clock.advance(29)
        bus.deliver_due()
        assert len(scripted.sent("slow")) == expected - 1
        clock.advance(1.01)
        bus.deliver_due()
        assert len(scripted.sent("slow")) == expected
    assert scripted.sent("slow") == [event.id for event in events]
    assert bus.outbox.stats().pending == 0


def test_retries_take_their_turn_too(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1s,1s,1s", jitter=0)
    scripted.behaviour["slow"] = scripted.refuse
    bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="1/m")
    bus.emit("repo.sync.start")
    for expected in (1, 2, 3):
        bus.deliver_due()
        assert len(scripted.calls) == expected
        clock.advance(50)
        bus.deliver_due()
        assert len(scripted.calls) == expected
        clock.advance(11)


@pytest.mark.parametrize("lanes", [1, 4])
def test_two_processes_share_the_rate(open_bus, clock, scripted, lanes):
    one = open_bus("external", clock)
    one.listeners.create("scripted", {"name": "slow"}, ["*"], rate="1/s", lanes=lanes)
    two = open_bus("inline", clock)
    three = open_bus("inline", clock)
    one.emit_many([("repo.sync.start", None)] * 20)
    for second in range(10):
        for _ in range(4):
            two.deliver_due()
            three.deliver_due()
            clock.advance(0.25)
        assert second + 1 <= len(scripted.calls) <= second + 2


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_is_set_neither_stalls_nor_floods(open_bus, clock, scripted, jump):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="1/s")
    for _ in range(10):
        bus.emit("repo.sync.start")
    clock.jump(jump)
    bus.deliver_due()
    assert len(scripted.calls) <= 2
    before = len(scripted.calls)
    for _ in range(4):
        clock.advance(1.1)
        bus.deliver_due()
    assert before + 3 <= len(scripted.calls) <= before + 5


def test_another_rate_holds_from_the_next_attempt_on(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    listener = bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="1/d")
    for _ in range(5):
        bus.emit("repo.sync.start")
    assert len(scripted.calls) == 1
    bus.listeners.update(listener.id, rate="1/s")
    bus.deliver_due()
    assert len(scripted.calls) == 1
    clock.advance(1.2)
    bus.deliver_due()
    assert len(scripted.calls) == 2
    bus.listeners.update(listener.id, rate=None)
    bus.deliver_due()
    assert len(scripted.calls) == 5


def test_threads_keep_to_the_rate(open_bus, scripted):
    bus = open_bus("background")
    bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="50/s")
    start = time.monotonic()
    bus.emit_many([("repo.sync.start", None)] * 25)
    assert bus.dispatcher.drain(60)
    took = time.monotonic() - start
    assert len(scripted.calls) == 25 and took > 0.35, "five at once, and one each 20 ms"


def test_all_that_is_due_is_made_at_the_rate_unless_that_takes_too_long(open_bus, scripted):
    bus = open_bus("background")
    bus.listeners.create("scripted", {"name": "hourly"}, ["*"], rate="1/h")
    bus.emit_many([("repo.sync.start", None)] * 3)
    assert bus.dispatcher.drain(30)
    assert len(scripted.calls) == 1 and bus.outbox.stats().pending == 2


def test_what_is_given_back_takes_no_token(open_bus, clock, scripted):
    """Its receiver asks for time: what was claimed and not begun is released."""
    bus = open_bus("inline", clock)

    def busy(delivery, channel):
        raise TransientFailure("429", retry_after=10)

    scripted.behaviour["slow"] = busy
    bus.listeners.create("scripted", {"name": "slow"}, ["*"], rate="100/s")
    bus.emit_many([("repo.sync.start", None)] * 50)
    bus.deliver_due()
    scripted.behaviour.clear()
    assert len(scripted.calls) == 1
    clock.advance(10.1)
    bus.deliver_due()
    assert len(scripted.calls) == 1 + 6


def most_in_a_second(bus):
    """By the ledger, of each listener."""
    begun = defaultdict(list)
    for delivery in bus.deliveries.list(limit=1000):
        begun[delivery.listener_id] += [one.started.timestamp() for one in bus.deliveries.attempts(delivery.id)]
    return {
        listener_id: max(sum(first <= one < first + 1 for one in times) for first in times)
        for listener_id, times in begun.items()
    }


class Importing(Channel):
    """Of a notifier that has to import much, say, before it has one."""

    def __init__(self, batch_size):
        self.batch_size, self.sent = batch_size, []

    def send(self, delivery):
        self.sent.append(delivery)
        time.sleep(0.01)

    def send_batch(self, deliveries):
        self.sent += deliveries
        return [(one, None) for one in deliveries]


class AwaitedImporting(Importing):
    async def send(self, delivery):
        await asyncio.sleep(0.01)


class Imports(Notifier):
    """`wait` is called for each channel."""

    type_id = "imports"
    config_schema = Schema

    def __init__(self, wait, batch_size=1, kind=Importing):
        self.wait, self.batch_size, self.kind, self.channels = wait, batch_size, kind, []

    def open(self, config, settings):
        self.wait()
        self.channels.append(self.kind(self.batch_size))
        return self.channels[-1]

    @property
    def sent(self):
        return [one for channel in self.channels for one in channel.sent]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("batch_size", "kind"),
    [
        (1, Importing),
        pytest.param(10, Importing, marks=pytest.mark.slow),
        pytest.param(1, AwaitedImporting, marks=pytest.mark.slow),
    ],
)
def test_processes_that_begin_together_keep_to_the_rate_from_the_first_second_on(
    open_bus, eventually, batch_size, kind
):
    buses = [open_bus("background") for _ in range(3)]
    for bus in buses:
        bus.plugins.add("imports", Imports(lambda: time.sleep(0.3), batch_size, kind))
    one = buses[0]
    one.listeners.create("imports", {}, ["*"], rate="20/s", lanes=8)
    events = one.emit_many([("repo.sync.start", {})] * 60)
    eventually(lambda: one.outbox.stats().pending <= 30)
    [most] = most_in_a_second(one).values()
    assert most <= 1.1 * 20 + 1
    assert max(delivery.attempts for event in events for delivery in one.wait(event, 0)) == 1


@pytest.mark.parametrize("lanes", [1, 4])
def test_what_came_in_while_a_channel_opened_is_not_saved_up(open_bus, clock, lanes):
    bus = open_bus("inline", clock)
    notifier = Imports(lambda: clock.advance(3))
    bus.plugins.add("imports", notifier)
    bus.listeners.create("imports", {}, ["*"], rate="2/s", lanes=lanes)
    events = bus.emit_many([("repo.sync.start", {})] * 6)
    for expected in range(1, 7):
        bus.deliver_due()
        assert [(one.event_id, one.attempts) for one in notifier.sent] == [(one.id, 1) for one in events[:expected]]
        clock.advance(0.5)


def test_at_a_slow_rate_no_turn_is_lost_because_a_channel_opens(open_bus, clock):
    bus = open_bus("inline", clock)
    notifier = Imports(lambda: clock.advance(30))
    bus.plugins.add("imports", notifier)
    bus.listeners.create("imports", {}, ["*"], rate="1/h")
    bus.emit("repo.sync.start")
    assert len(notifier.sent) == 1


class Digests(Imports):
    """What comes within a minute leaves together."""

    def window(self, config):
        return 60.0


def test_what_leaves_together_stays_together_when_it_takes_another_token(open_bus, clock):
    bus = open_bus("inline", clock)
    notifier = Digests(lambda: clock.advance(3), batch_size=10)
    bus.plugins.add("imports", notifier)
    bus.listeners.create("imports", {}, ["*"], rate="1/s")
    bus.emit_many([("repo.sync.start", {})] * 3)
    clock.advance(61)
    bus.deliver_due()
    assert len(notifier.sent) == 3 and len({one.lease for one in notifier.sent}) == 1


@pytest.mark.parametrize("rate", ["10", "0/s", "-1/s", "1.5/s", "10/x", "10 per s", "9999999/s", 10, timedelta(1), ""])
def test_what_is_no_rate_is_refused(open_bus, clock, rate):
    bus = open_bus("inline", clock)
    with pytest.raises(InvalidConfig, match="rate"):
        bus.listeners.create("scripted", {"name": "n"}, ["*"], rate=rate)


def test_explain_names_the_rate(open_bus, clock):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "n"}, ["*"], rate="10/s", expires=600)
    [found] = bus.explain("repo.sync.start")
    assert (found.gets, found.reason) == ("yes", "* matches; its rate is 10/s; it expires after 10m")
