"""Deliver again: what is dead, what waits, what was delivered; and give up what waits."""

from datetime import UTC, datetime

import pytest

from pulp_events import EventsError, PermanentFailure, TransientFailure
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.testing.clock import FakeClock

DELIVERED = DeliveryQuery(state=State.DELIVERED)
PENDING = DeliveryQuery(state=State.PENDING)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def bus(recording_bus, clock):
    opened = recording_bus("[delivery]\nretry_schedule = 10h, 10h\njitter = 0\n", clock=clock)
    opened.listeners.create("recording", {"name": "one"}, ["repo.#"], name="one")
    return opened


def states(bus):
    return {each.id.rpartition(".")[2]: each.state for each in bus.deliveries.list()}


def refuse(error):
    def act(event, config):
        raise error("503 try later")

    return act


def test_what_was_delivered_is_delivered_again_under_an_id_of_its_own(bus, recording):
    event = bus.emit("repo.sync.start")
    assert bus.deliveries.count_retried(DELIVERED) == 1
    assert list(bus.deliveries.retry(DELIVERED)) == [1]
    assert states(bus) == {"0": "delivered", "1": "pending"}
    assert bus.deliver_due() == 1 and len(recording.calls) == 2
    assert bus.deliveries.get(f"{event.id}.1").repeat_of == f"{event.id}.0"
    assert recording.calls[0][0] == recording.calls[1][0]


def test_the_same_call_made_again_repeats_nothing_twice(bus):
    for _ in range(3):
        bus.emit("repo.sync.start")
    pages = bus.deliveries.retry(DELIVERED)
    assert next(pages) == 3
    pages.close()  # cut off there
    assert sum(bus.deliveries.retry(DELIVERED)) == 0, "the repeats are pending"
    bus.deliver_due()
    assert bus.deliveries.count_retried(DELIVERED) == sum(bus.deliveries.retry(DELIVERED)) == 0, "and delivered"


def test_a_call_that_is_cut_off_is_continued(bus, monkeypatch):
    monkeypatch.setattr("pulp_events.bus.deliveries.PAGE", 2)
    events = [bus.emit("repo.sync.start") for _ in range(5)]
    pages = bus.deliveries.retry(DELIVERED)
    assert next(pages) == 2
    pages.close()
    assert sorted(each.event_id for each in bus.deliveries.list(PENDING)) == sorted(each.id for each in events[:2])
    bus.deliver_due()
    assert list(bus.deliveries.retry(DELIVERED)) == [2, 1]
    assert len(bus.deliveries.list(DeliveryQuery(is_repeat=True))) == 5


def test_a_repeat_is_repeated_if_asked_for(bus):
    event = bus.emit("repo.sync.start")
    for round in range(1, 4):
        assert bus.deliveries.count_retried(DELIVERED, again=True) == 1
        assert list(bus.deliveries.retry(DELIVERED, again=True)) == [1]
        assert list(bus.deliveries.retry(DELIVERED, again=True)) == [], "its latest repeat is pending"
        bus.deliver_due()
        assert bus.deliveries.get(f"{event.id}.{round}").repeat_of == f"{event.id}.{round - 1}"


def test_repeats_that_are_delivered_meanwhile_are_not_repeated_by_the_same_call(bus, monkeypatch):
    monkeypatch.setattr("pulp_events.bus.deliveries.PAGE", 1)
    for _ in range(3):
        bus.emit("repo.sync.start")
    made = 0
    for count in bus.deliveries.retry(DELIVERED, again=True):
        made += count
        bus.deliver_due()
    assert made == 3


def test_a_dead_repeat_is_retried_under_its_own_id(bus, recording):
    event = bus.emit("repo.sync.start")
    assert list(bus.deliveries.retry(DELIVERED)) == [1]
    recording.act = refuse(PermanentFailure)
    bus.deliver_due()
    recording.act = lambda event, config: None
    assert list(bus.deliveries.retry(DeliveryQuery())) == [1]
    bus.deliver_due()
    repeat = bus.deliveries.get(f"{event.id}.1")
    assert (repeat.state, repeat.attempts, repeat.repeat_of) == ("delivered", 2, f"{event.id}.0")


def test_what_waits_ten_hours_is_attempted_now_and_its_schedule_goes_on(bus, recording, clock):
    recording.act = refuse(TransientFailure)
    event = bus.emit("repo.sync.start")
    assert bus.deliver_due() == 0
    assert bus.deliveries.count_retried(PENDING) == 1
    assert list(bus.deliveries.retry(PENDING)) == [1]
    assert list(bus.deliveries.retry(PENDING)) == [] and bus.deliveries.count_retried(PENDING) == 0, "it is due"
    assert bus.deliver_due() == 1
    [delivery] = bus.outbox.of_event(event.id)
    assert (delivery.id, delivery.attempts, delivery.state) == (f"{event.id}.0", 2, "pending")
    assert list(bus.deliveries.retry(PENDING)) == [1]
    bus.deliver_due()
    assert bus.deliveries.get(delivery.id).state == "dead", "the schedule has two steps"


def test_without_a_state_dead_ones_are_retried(bus, recording):
    bus.emit("repo.sync.start")
    recording.act = refuse(PermanentFailure)
    bus.emit("repo.sync.start")
    recording.act = refuse(TransientFailure)
    bus.emit("repo.sync.start")
    assert bus.deliveries.count_retried(DeliveryQuery()) == 1
    assert list(bus.deliveries.retry(DeliveryQuery())) == [1]


def test_filters_choose_what_is_delivered_again(bus, recording):
    bus.listeners.create("recording", {"name": "two"}, ["repo.sync.*"], name="two")
    for kind in ("repo.sync.start", "repo.sync.finish", "repo.publish.start"):
        bus.emit(kind)
    for query, number in (
        (DeliveryQuery(state=State.DELIVERED, listener_id="two"), 2),
        (DeliveryQuery(state=State.DELIVERED, event_type="repo.publish.*"), 1),
        (DeliveryQuery(state=State.DELIVERED, event_type="repo.*.start"), 1),
        (DeliveryQuery(state=State.DELIVERED, error="no such text"), 0),
        (DeliveryQuery(state=State.DELIVERED), 1),
    ):
        assert bus.deliveries.count_retried(query) == sum(bus.deliveries.retry(query)) == number, query


def test_what_would_be_given_up_is_counted_without_what_is_being_attempted(bus, recording):
    recording.act = refuse(TransientFailure)
    for _ in range(3):
        bus.emit("repo.sync.start")
    list(bus.deliveries.retry(PENDING))
    [listener] = bus.listeners.list()
    bus.outbox.claim([ClaimRequest(listener.id, 2)], 600.0, "token")
    assert bus.deliveries.count_discarded(DeliveryQuery(listener_id="one")) == 1
    assert list(bus.deliveries.discard(DeliveryQuery(), "wrong")) == [1]
    assert bus.deliveries.count_discarded(DeliveryQuery()) == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"state": "foo"}, "state='foo' is not a state; give one of pending"),
        ({"since": datetime(2026, 1, 1)}, "since=datetime.datetime.* is not a moment"),
        ({"until": "yesterday"}, "until='yesterday' is not a moment"),
        ({"error": ""}, "error='' is not a text, or empty"),
        ({"listener_id": 5}, "listener_id=5 is of type int; give text"),
    ],
)
def test_a_query_that_nothing_can_fit_is_refused_in_one_line(bus, asked, said):
    for call in (
        bus.deliveries.list,
        bus.deliveries.count,
        bus.deliveries.count_retried,
        bus.deliveries.count_discarded,
        lambda query: list(bus.deliveries.retry(query)),
        lambda query: list(bus.deliveries.purge(query)),
        lambda query: list(bus.deliveries.discard(query, "why")),
    ):
        with pytest.raises(EventsError, match=said):
            call(DeliveryQuery(**asked))


def test_other_arguments_that_are_not_valid_are_refused_in_one_line(bus):
    with pytest.raises(EventsError, match="query='dead' is not a DeliveryQuery"):
        list(bus.deliveries.retry("dead"))
    with pytest.raises(EventsError, match="reason='' is not a text"):
        list(bus.deliveries.discard(PENDING, ""))
    with pytest.raises(EventsError, match="rate=5 is not a text"):
        list(bus.backfill("one", since=datetime.now(UTC), rate=5))
    with pytest.raises(EventsError, match="listener=None is not a text"):
        bus.backtest(None)
    with pytest.raises(EventsError, match="since=.* is not a moment"):
        bus.backtest("one", since=datetime(2026, 1, 1))


def test_what_waits_is_given_up_with_a_reason(bus, recording):
    recording.act = refuse(TransientFailure)
    event = bus.emit("repo.sync.start")
    assert list(bus.deliveries.discard(DeliveryQuery(listener_id="one"), "wrong address")) == [1]
    [delivery] = bus.outbox.of_event(event.id)
    assert (delivery.state, delivery.detail) == ("dead", "wrong address")
    assert list(bus.deliveries.discard(DeliveryQuery(), "wrong address")) == []
    recording.act = lambda event, config: None
    assert list(bus.deliveries.retry(DeliveryQuery(error="WRONG"))) == [1]
    assert bus.deliver_due() == 1 and bus.deliveries.get(delivery.id).state == "delivered"
