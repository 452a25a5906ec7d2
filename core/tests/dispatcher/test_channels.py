"""Channels are reused, and replaced when they must be."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulp_events import Channel, TransientFailure
from pulp_events.dispatcher.channels import IDLE_TIMEOUT
from pulp_events.dispatcher.claim_size import FIRST_BATCH
from pulp_events.dispatcher.crew import Crew
from pulp_events.dispatcher.route import MOST_ABANDONED
from pulp_events.dispatcher.routes import Routes
from pulp_events.dispatcher.timekeeper import LONGEST_LOOK
from pulp_events.errors import StoreError
from pulp_events.listeners.index import ListenerIndex
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.testing.clock import FakeClock


def test_a_channel_is_reused_from_delivery_to_delivery_and_closed_with_the_bus(open_bus, scripted, eventually):
    bus = open_bus()
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    for _ in range(20):
        bus.emit("repo.sync.start")
        assert bus.dispatcher.drain(30)  # what is delivered may have its channel for a moment more
    assert len(scripted.calls) == 20 and (scripted.opened["a"], scripted.closed["a"]) == (1, 0)
    bus.close(grace=30)
    assert scripted.closed["a"] == 1


def test_a_channel_that_called_itself_broken_is_replaced(open_bus, clock, deliver, settle, scripted, eventually):
    bus = open_bus(deliver, clock)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])

    def breaks(delivery, channel):
        channel.broken = True

    scripted.behaviour["a"] = breaks
    count = 4 * MOST_ABANDONED  # more than may wait to be closed, and than one claim takes
    bus.emit_many([("repo.sync.start", {})] * count)
    settle(bus)
    assert bus.deliveries.stats().delivered == count
    eventually(lambda: (scripted.opened["a"], scripted.closed["a"]) == (count, count))


def test_an_unexpected_exception_costs_the_channel_and_a_failure_does_not(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock, retry_schedule="1h")
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    scripted.behaviour["a"] = scripted.refuse
    for _ in range(2):
        bus.emit("repo.sync.start")
        settle(bus)
    assert scripted.opened["a"] == 1

    def crash(delivery, channel):
        raise ZeroDivisionError

    scripted.behaviour["a"] = crash
    bus.emit("repo.sync.start")
    settle(bus)
    scripted.behaviour.clear()
    bus.emit("repo.sync.start")
    settle(bus)
    assert scripted.opened["a"] == 2


def test_a_changed_configuration_gets_new_channels_at_once(open_bus, clock, deliver, settle, scripted, eventually):
    bus = open_bus(deliver, clock)
    listener = bus.listeners.create("scripted", {"name": "old"}, ["*"])
    bus.emit("repo.sync.start")
    settle(bus)
    bus.listeners.update(listener.id, {"name": "new"})
    bus.emit("repo.sync.start")
    settle(bus)
    assert [name for name, *_ in scripted.calls] == ["old", "new"]
    eventually(lambda: scripted.closed["old"] == 1)  # by whichever thread


def test_an_idle_channel_is_closed_after_a_while(open_bus, clock, deliver, settle, scripted, eventually):
    bus = open_bus(deliver, clock)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    bus.emit("repo.sync.start")
    settle(bus)
    channels = bus.dispatcher._services.channels
    clock.advance(IDLE_TIMEOUT / 2)
    channels.close_idle()
    settle(bus)
    assert scripted.closed["a"] == 0
    clock.advance(IDLE_TIMEOUT / 2 + 1)
    if deliver == "inline":  # in the background the dispatcher's own thread does it
        channels.close_idle()
    eventually(lambda: scripted.closed["a"] == 1)


def test_a_channel_that_cannot_be_opened_is_a_failure_of_the_delivery(
    open_bus, clock, deliver, settle, scripted, monkeypatch
):
    bus = open_bus(deliver, clock)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])

    def refuse(config, settings):
        raise TransientFailure("connection refused")

    monkeypatch.setattr(scripted, "open", refuse)
    bus.emit("repo.sync.start")
    settle(bus)
    [delivery] = bus.deliveries.list()
    assert (delivery.state, delivery.attempts, delivery.detail) == ("pending", 1, "connection refused")


def test_a_secret_that_cannot_be_read_is_a_failure_that_names_it(
    open_bus, clock, deliver, settle, scripted, monkeypatch
):
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    bus = open_bus(deliver, clock, retry_schedule="5s")
    bus.listeners.create("scripted", {"name": "a", "token": {"$env": "NO_SUCH_TOKEN"}}, ["*"])
    bus.emit("repo.sync.start")
    settle(bus)
    [delivery] = bus.deliveries.list()
    assert "NO_SUCH_TOKEN is not set" in delivery.detail
    monkeypatch.setenv("NO_SUCH_TOKEN", "s3cr3t")
    clock.advance(10)
    settle(bus)
    assert bus.deliveries.list()[0].state == "delivered"


class Batching(Channel):
    batch_size = 10

    def __init__(self, notifier):
        self.notifier, self.sizes = notifier, notifier.sizes

    def send_batch(self, deliveries):
        self.sizes.append(len(deliveries))
        for delivery in reversed(deliveries):
            n = delivery.event.payload["n"]
            self.detail = f"answer {n}"
            if n == 4:
                yield delivery, TransientFailure("not now")
            elif n == 3:
                return
            else:
                yield delivery, None


def test_a_batch_gives_each_delivery_the_outcome_that_was_said_for_it(
    open_bus, clock, deliver, settle, scripted, monkeypatch
):
    bus = open_bus(deliver, clock, retry_schedule="1h")
    scripted.sizes = []
    monkeypatch.setattr(scripted, "open", lambda config, settings: Batching(scripted))
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    # As many as the first claim takes: how large the next one is depends on how long the first took.
    bus.emit_many([("repo.sync.start", {"n": n}) for n in range(1, FIRST_BATCH + 1)])
    settle(bus)
    bus.emit_many([("repo.sync.start", {"n": n}) for n in (0, 5)])
    settle(bus)
    found = {one.event.payload["n"]: (one.state, one.detail) for one in bus.deliveries.list(DeliveryQuery())}
    assert found[0] == ("delivered", "answer 0")
    assert found[4] == ("pending", "not now\nanswer 4") and found[5] == ("delivered", "answer 5")
    assert found[3][0] == "pending" and "said nothing about this delivery" in found[3][1]
    # those before n = 3 in its reversed order are judged; what comes after is pending, never delivered unsaid
    assert found[1][0] == found[2][0] == "pending"
    assert scripted.sizes[0] == FIRST_BATCH == 4


def test_deliveries_of_a_missing_plugin_wait_and_go_when_it_is_back(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock)
    listener = bus.listeners.create("scripted", {"name": "a", "to": ["x", "y"]}, ["*"])
    bus.close()
    without = open_bus(deliver, clock, notifiers=False)
    event = without.emit("repo.sync.start")
    settle(without)
    assert [one.state for one in without.wait(event, 0)] == ["pending", "pending"]
    assert [one.id for one in without.listeners.list()] == [listener.id]
    without.close()
    back = open_bus(deliver, clock)
    settle(back)
    assert sorted(delivery.target for _, delivery, _ in scripted.calls) == ["x", "y"]


def test_a_listener_of_a_missing_plugin_can_be_deleted_and_its_deliveries_are_dead(
    open_bus, clock, deliver, settle, scripted
):
    bus = open_bus(deliver, clock)
    listener = bus.listeners.create("scripted", {"name": "a"}, ["*"])
    bus.close()
    without = open_bus(deliver, clock, notifiers=False)
    without.emit("repo.sync.start")
    settle(without)
    without.listeners.delete(listener.id)
    [delivery] = without.deliveries.list()
    assert (delivery.state, delivery.detail) == ("dead", "the listener was deleted")


def test_a_target_that_was_removed_gets_nothing_more(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock, retry_schedule="5s")
    listener = bus.listeners.create("scripted", {"name": "a", "to": ["x", "y"]}, ["*"])
    scripted.behaviour["a"] = scripted.refuse
    bus.emit("repo.sync.start")
    settle(bus)
    scripted.behaviour.clear()
    scripted.calls.clear()
    bus.listeners.update(listener.id, {"to": ["x"]})
    clock.advance(10)
    settle(bus)
    assert [delivery.target for _, delivery, _ in scripted.calls] == ["x"]
    states = {one.target: (one.state, one.detail) for one in bus.deliveries.list()}
    assert states["y"] == ("dead", "the target was removed from the listener")


def test_what_a_target_that_may_be_removed_was_to_get_waits_while_the_records_cannot_be_read(
    open_bus, clock, deliver, settle, scripted, eventually, monkeypatch
):
    # The result of what was sent may not be stored yet when the time passes.
    bus = open_bus(deliver, clock, retry_schedule="5s", jitter=0, lease="1h")
    listener = bus.listeners.create("scripted", {"name": "a", "to": ["x", "y"]}, ["*"])
    scripted.behaviour["a"] = scripted.refuse
    bus.emit("repo.sync.start")
    settle(bus)
    scripted.behaviour.clear()
    scripted.calls.clear()
    bus.listeners.update(listener.id, {"to": ["x"]})
    read_now, failed = Routes.read_now, []

    def fail_once(self, listener_id):
        if not failed:
            failed.append(listener_id)
            raise StoreError("the disk is away")
        return read_now(self, listener_id)

    monkeypatch.setattr(Routes, "read_now", fail_once)
    clock.advance(10)
    if deliver == "inline":
        settle(bus)
    eventually(lambda: failed)
    clock.advance(LONGEST_LOOK)
    settle(bus)
    assert [delivery.target for _, delivery, _ in scripted.calls] == ["x"]
    assert {one.target: one.state for one in bus.deliveries.list()} == {"x": "delivered", "y": "dead"}


def test_a_target_that_was_removed_gets_nothing_more_in_a_batch_with_others_either(
    open_bus, clock, deliver, settle, scripted, monkeypatch
):
    bus = open_bus(deliver, clock, retry_schedule="5s", jitter=0)
    sent = []

    class Sending(Channel):
        batch_size = 10
        failure = TransientFailure("503")

        def send_batch(self, deliveries):
            sent.append([delivery.target for delivery in deliveries])
            return [(delivery, self.failure) for delivery in deliveries]

    monkeypatch.setattr(scripted, "open", lambda config, settings: Sending())
    listener = bus.listeners.create("scripted", {"name": "a", "to": ["w", "x", "y", "z"]}, ["*"])
    bus.emit("repo.sync.start")
    settle(bus)
    assert sorted(sum(sent, [])) == ["w", "x", "y", "z"]
    bus.dispatcher._routes.known(listener.id).claim_size.batch = FIRST_BATCH  # however long that took
    sent.clear()
    Sending.failure = None
    bus.listeners.update(listener.id, {"to": ["w", "y", "z"]})
    clock.advance(10)
    settle(bus)
    assert sorted(sum(sent, [])) == ["w", "y", "z"] and max(map(len, sent)) > 1
    states = {one.target: one.state for one in bus.deliveries.list()}
    assert states == {"w": "delivered", "x": "dead", "y": "delivered", "z": "delivered"}


@pytest.mark.parametrize("records_are_away", [False, True])
def test_deliveries_of_a_vanished_listener_end_unless_all_records_are_away(
    open_bus, clock, deliver, settle, scripted, tmp_path, records_are_away
):
    bus = open_bus(deliver, clock)
    bus.listeners.create("scripted", {"name": "other"}, ["repo.publish.start"])
    listener = bus.listeners.create("scripted", {"name": "a"}, ["*"], enabled=False)
    bus.emit("repo.sync.start")
    settle(bus)
    if records_are_away:
        (tmp_path / "data" / "listeners.json").rename(tmp_path / "away.json")
    else:
        bus._store.remove(listener.id)  # as another process might, without the bus's own way of deleting
    for _ in range(3):
        settle(bus)
        clock.advance(61)
    [delivery] = bus.deliveries.list()
    assert delivery.state == ("pending" if records_are_away else "dead")


def test_a_listener_that_several_threads_find_missing_at_once_is_no_failure_of_theirs(
    open_bus, scripted, caplog, monkeypatch
):
    clock = FakeClock()
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "other"}, ["repo.publish.start"])
    listener = bus.listeners.create("scripted", {"name": "a"}, ["*"], enabled=False)
    bus.emit("repo.sync.start")
    bus._store.remove(listener.id)
    bus.deliver_due()
    clock.advance(61)
    both, is_broken = threading.Barrier(2, timeout=30), ListenerIndex.is_broken
    monkeypatch.setattr(ListenerIndex, "is_broken", lambda self, one: (both.wait(), is_broken(self, one))[1])
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(bus.dispatcher._services.routes.get, [listener.id] * 2)) == [None, None]
    assert [one.state for one in bus.deliveries.list()] == ["dead"]
    assert caplog.text.count("no longer exists: 1 pending delivery is now dead") == 1
    assert caplog.text.count("no longer exists") == 1


def test_a_channel_that_is_only_a_context_manager_is_entered_and_left(
    open_bus, clock, deliver, settle, scripted, monkeypatch
):
    calls = []

    class Entered(Channel):
        def __enter__(self):
            calls.append("enter")
            return self

        def __exit__(self, *_):
            calls.append("exit")

        def send(self, delivery):
            calls.append("send")

    monkeypatch.setattr(scripted, "open", lambda config, settings: Entered())
    bus = open_bus(deliver, clock, lanes=1)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    bus.emit_many([("repo.sync.start", {})] * 2)
    settle(bus)
    bus.close(grace=30)
    assert calls == ["enter", "send", "send", "exit"]


def test_a_channel_that_is_closed_after_a_delivery_wakes_nobody_but_the_thread_that_made_it(
    open_bus, scripted, eventually, monkeypatch
):
    woken = []
    more = Crew.more
    monkeypatch.setattr(Crew, "more", lambda self, count: (woken.append(count), more(self, count)))

    def breaks(delivery, channel):
        channel.broken = True

    bus = open_bus()
    count = 64
    with bus.listeners.together() as several:
        for number in range(count):
            several.create("scripted", {"name": f"n{number}"}, ["*"])
            scripted.behaviour[f"n{number}"] = breaks
    bus.emit("repo.sync.start")
    eventually(lambda: sum(scripted.closed.values()) == count)
    assert len(woken) < count / 4  # for what a claim found


@pytest.mark.slow
def test_a_claim_looks_at_no_more_listeners_than_it_may_claim_for(open_bus, scripted, eventually, monkeypatch):
    looks = []
    get = Routes.get
    monkeypatch.setattr(Routes, "get", lambda self, listener_id: (looks.append(listener_id), get(self, listener_id))[1])
    bus = open_bus()
    count = 1000
    with bus.listeners.together() as several:
        for number in range(count):
            several.create("scripted", {"name": f"n{number}"}, ["*"])
    bus.emit("repo.sync.start")
    eventually(lambda: bus.deliveries.stats().delivered == count)
    assert len(looks) < 4 * count  # when claimed for, before the attempt, and now and then after it
