"""Deliveries of one window leave together, fail together and come back together."""

import threading

import pytest

from pulp_events import Channel, PermanentFailure, TransientFailure
from pulp_events.bus.wait_cause import WaitCause
from pulp_events.dispatcher import recorder
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.window import SETTLE

WINDOW = 60.0


class Together(Channel):
    """Notes each batch; `behaviour` decides what becomes of it."""

    def __init__(self, notifier, config):
        self.notifier, self.name = notifier, config["name"]

    def open(self):
        if self.name == "closed":
            raise TransientFailure("no connection")

    def send(self, delivery):
        self.notifier.batches.append([delivery.event_id])

    def send_batch(self, deliveries):
        self.notifier.batches.append([delivery.event_id for delivery in deliveries])
        self.notifier.targets_of.append({delivery.target for delivery in deliveries})
        failure = self.notifier.fails.pop(0) if self.notifier.fails else None
        for delivery in deliveries:
            yield delivery, failure


@pytest.fixture
def together(scripted, monkeypatch):
    """`scripted`, with windows of a minute."""
    scripted.batches, scripted.targets_of, scripted.fails = [], [], []
    monkeypatch.setattr(type(scripted), "window", lambda self, config: WINDOW)
    monkeypatch.setattr(type(scripted), "open", lambda self, config, settings: Together(self, config))
    return scripted


@pytest.fixture
def bus(open_bus, clock, together):
    return open_bus("inline", clock)


def begin_window(clock):
    clock.advance(WINDOW - clock.time() % WINDOW)


def emit(bus, count=3):
    return [bus.emit("repo.sync.start", {"number": number}).id for number in range(1, count + 1)]


def test_events_of_a_window_are_one_batch_once_it_is_over(bus, clock, together):
    bus.listeners.create("scripted", {"name": "digest"}, ["*"])
    begin_window(clock)
    first = emit(bus)
    clock.advance(WINDOW - 1)
    first += emit(bus)
    assert bus.deliver_due() == 0
    clock.advance(1 + SETTLE)
    second = emit(bus)  # emits and delivers what is due
    assert together.batches == [first]
    clock.advance(WINDOW)
    bus.deliver_due()
    assert together.batches == [first, second]


def test_each_target_gets_its_own_batch(bus, clock, together):
    bus.listeners.create("scripted", {"name": "digest", "to": ["a", "b"]}, ["*"])
    begin_window(clock)
    ids = emit(bus)
    clock.advance(WINDOW + SETTLE)
    bus.deliver_due()
    assert together.batches == [ids, ids]
    assert together.targets_of == [{"a"}, {"b"}]


@pytest.mark.parametrize("name", ["digest", "closed"])
def test_what_failed_together_is_tried_again_together_at_the_same_instant(bus, clock, together, name):
    listener = bus.listeners.create("scripted", {"name": name}, ["*"], retry_schedule=[5, 300])
    begin_window(clock)
    ids = emit(bus)
    together.fails = [TransientFailure("later"), PermanentFailure("no")]
    clock.advance(WINDOW + SETTLE)
    assert bus.deliver_due() == 3
    found = [one for id in ids for one in bus.wait(id, 0)]
    assert len({one.due for one in found}) == 1
    assert {(one.state, one.attempts) for one in found} == {("pending", 1)}
    emit(bus)
    clock.advance(7)
    assert bus.deliver_due() == 3
    if name == "digest":
        assert together.batches == [ids, ids]
        assert {one.state for id in ids for one in bus.wait(id, 0)} == {"dead"}
    else:
        assert {one.attempts for id in ids for one in bus.wait(id, 0)} == {2}
    assert bus.listeners.get(listener.id).enabled


def test_a_window_that_fails_is_one_failure_of_the_endpoint(bus, clock, together):
    bus.listeners.create("scripted", {"name": "digest"}, ["*"], retry_schedule=[5] * 9)
    begin_window(clock)
    ids = emit(bus, 20)
    together.fails = [TransientFailure("later")] * 2
    clock.advance(WINDOW + SETTLE)
    for _ in range(3):
        bus.deliver_due()
        clock.advance(7)  # had the circuit opened, it would stay so for longer
    assert together.batches == [ids] * 3


def test_batches_of_two_windows_that_fail_in_a_row_stay_two(bus, clock, together):
    bus.listeners.create("scripted", {"name": "digest"}, ["*"], retry_schedule=[5, 5])
    begin_window(clock)
    first = emit(bus)
    clock.advance(WINDOW)
    second = emit(bus)
    together.fails = [TransientFailure("later")] * 2
    clock.advance(WINDOW + SETTLE)
    bus.deliver_due()
    clock.advance(7)
    bus.deliver_due()
    assert sorted(together.batches) == sorted([first, second] * 2)


def test_a_window_that_is_larger_than_one_transaction_is_recorded_in_one_all_the_same(
    bus, clock, together, monkeypatch
):
    """What was recorded apart would be due again apart."""
    monkeypatch.setattr(recorder, "MOST_RESULTS", 4)
    recorded, record = [], bus.outbox.record
    monkeypatch.setattr(bus.outbox, "record", lambda results: recorded.append(len(results)) or record(results))
    bus.listeners.create("scripted", {"name": "digest"}, ["*"], retry_schedule=[5])
    begin_window(clock)
    ids = emit(bus, 10)
    together.fails = [TransientFailure("later")]
    clock.advance(WINDOW + SETTLE)
    bus.deliver_due()
    assert recorded == [10]
    clock.advance(7)
    bus.deliver_due()
    assert together.batches == [ids] * 2


def test_without_a_window_any_more_what_waits_leaves_by_itself(bus, clock, together, monkeypatch):
    listener = bus.listeners.create("scripted", {"name": "digest"}, ["*"])
    begin_window(clock)
    emit(bus)
    bus.deliver_due()
    monkeypatch.setattr(type(together), "window", lambda self, config: None)
    bus.listeners.update(listener.id, {"name": "single"})
    assert bus.deliver_due() == 3
    assert list(map(len, together.batches)) == [1, 1, 1]


WRONG = [0, -1, float("nan"), float("inf"), "60", True, [60]]


@pytest.mark.parametrize("wrong", [*WRONG, ZeroDivisionError("a bug")], ids=repr)
def test_a_window_that_cannot_be_told_fails_each_delivery_with_a_clear_text(bus, clock, together, monkeypatch, wrong):
    def window(self, config):
        if isinstance(wrong, Exception):
            raise wrong
        return wrong

    monkeypatch.setattr(type(together), "window", window)
    bus.listeners.create("scripted", {"name": "digest"}, ["*"])
    emit(bus)
    bus.deliver_due()
    assert together.batches == []
    found = bus.deliveries.list()
    assert [one.attempts for one in found] == [1, 1, 1]
    assert all("window" in one.detail and (repr(wrong) in one.detail or "a bug" in one.detail) for one in found)


def test_revived_deliveries_of_a_window_leave_together(bus, clock, together):
    bus.listeners.create("scripted", {"name": "digest"}, ["*"])
    begin_window(clock)
    ids = emit(bus)
    together.fails = [PermanentFailure("no")]
    clock.advance(WINDOW + SETTLE)
    bus.deliver_due()
    assert sum(bus.deliveries.retry(DeliveryQuery(state="dead"))) == 3
    clock.advance(6)
    bus.deliver_due()
    assert together.batches == [ids, ids]


@pytest.mark.slow
def test_in_the_background_a_window_is_sent_when_it_is_over(together, open_bus, monkeypatch):
    monkeypatch.setattr(type(together), "window", lambda self, config: 1.0)
    done = threading.Event()
    send_batch = Together.send_batch
    monkeypatch.setattr(Together, "send_batch", lambda self, part: (done.set(), send_batch(self, part))[1])
    bus = open_bus()
    bus.listeners.create("scripted", {"name": "digest"}, ["*"])
    ids = [event.id for event in bus.emit_many([("repo.sync.start", {})] * 50)]
    assert done.wait(30)
    for id in ids:
        assert [one.state for one in bus.wait(id, 30)] == ["delivered"]
    assert sorted(id for batch in together.batches for id in batch) == sorted(ids)
    assert len(together.batches) <= 2, "one window, or two where the second turned meanwhile"


def test_what_waits_for_the_end_of_its_window_says_so(bus, clock, together):
    bus.listeners.create("scripted", {"name": "digest"}, ["*"])
    begin_window(clock)
    emit(bus, 1)
    [delivery] = found = bus.deliveries.list()
    waiting = bus.deliveries.waiting_for(found)[delivery.id]
    assert (waiting.cause, waiting.until.timestamp()) == (WaitCause.WINDOW, clock.time() + WINDOW + SETTLE)


def test_what_failed_together_is_tried_again_together_once_the_configuration_was_changed(bus, clock, together):
    listener = bus.listeners.create("scripted", {"name": "digest"}, ["*"], retry_schedule=[36000.0])
    together.fails = [TransientFailure("refused")]
    begin_window(clock)
    events = emit(bus)
    clock.advance(WINDOW + 1)
    bus.deliver_due()
    emit(bus, 1)
    bus.listeners.update(listener.id, {"name": "another"})
    clock.advance(1)
    bus.deliver_due()
    clock.advance(3)
    bus.deliver_due()
    assert together.batches == [events, events]
