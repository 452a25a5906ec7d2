"""Counters, from what a real store counted: through days, restarts, deletions and other exporters."""

import sqlite3

import pytest
from prometheus_client import generate_latest

from pulp_events import EventBus
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import FINISHED
from pulp_events.testing import FakeClock, HttpSink
from pulp_events_prometheus.collector import own_registry

from .scraping import parse, scrape

DAY = 86400.0
ATTEMPTS, ENDED = "pulp_events_attempts_total", "pulp_events_deliveries_total"


@pytest.fixture(scope="module")
def sink():
    with HttpSink() as sink:
        yield sink


@pytest.fixture
def clock():
    return FakeClock(wall=1_800_000_000.0)


@pytest.fixture
def bus(settings, clock):
    with EventBus.open(settings=settings, deliver="inline", clock=clock) as bus:
        yield bus


@pytest.fixture
def listen(bus, sink, clock):
    def listen(name, url=None):
        clock.advance(1)
        return bus.listeners.create("http", {"url": url or sink.url}, ["*"], name=name)

    return listen


def emit(bus, count=1):
    for _ in range(count):
        bus.emit("repo.sync.start", {"repo_id": "a"})


def of(found, listener, outcome="delivered", name=ATTEMPTS):
    return found.of(name, notifier="http", listener=listener, outcome=outcome)


def test_what_is_delivered_is_counted_by_type_listener_and_outcome(bus, listen):
    listen("ci")
    listen("gone", "http://127.0.0.1:9/")
    emit(bus, 3)
    found = scrape(bus)
    assert of(found, "ci") == of(found, "ci", name=ENDED) == 3
    assert of(found, "gone", "transient") == 3 and of(found, "gone") == 0
    assert of(found, "ci", "dead", ENDED) == 0  # there before the first: else its increase would be none
    for name in ("attempt_duration", "delivery_delay"):
        assert found.of(f"pulp_events_{name}_seconds_count", notifier="http") == (6 if name[0] == "a" else 3)
        assert found.of(f"pulp_events_{name}_seconds_bucket", notifier="http", le="+Inf") > 0
        assert 0 < found.of(f"pulp_events_{name}_seconds_sum", notifier="http") < 60


def test_they_go_on_in_another_process_on_other_days_and_when_the_store_has_forgotten(bus, listen, clock):
    listen("ci")
    emit(bus, 2)
    lasting = own_registry(bus)
    generate_latest(lasting)
    total = 2
    for _ in range(12):
        clock.advance(10 * DAY)  # 120 days: the store keeps 90
        emit(bus)
        total += 1
        while bus.outbox.maintain({state: state.keep for state in FINISHED}):
            pass
        found = scrape(bus)
        assert of(found, "ci") == of(found, "ci", name=ENDED) == total
        assert found.of("pulp_events_attempt_duration_seconds_count", notifier="http") == total
    assert of(scrape(bus), "ci") == total


def test_midnight_neither_loses_nor_repeats_anything(bus, listen, clock):
    listen("ci")
    clock.advance(DAY - clock.time() % DAY - 1800)
    scrape(bus)
    for number in range(1, 20):
        emit(bus)
        clock.advance(600)
        assert of(scrape(bus), "ci") == number


def test_a_deleted_listener_drops_its_series_and_the_next_one_gets_them(bus, listen):
    first, _, third = listen("one"), listen("two"), listen("three")
    emit(bus, 2)
    before = scrape(bus)
    assert of(before, "one") == 2 and of(before, "three") is None and of(before, "other") == 2
    bus.listeners.delete(first.id)
    emit(bus)
    after = scrape(bus)
    assert not [labels for _, labels in after if ("listener", "one") in labels]
    assert of(after, "three") == 3 and of(after, "other") == 3  # of which one was counted before that
    bus.listeners.delete(third.id)
    assert of(scrape(bus), "other") == 3
    assert scrape(bus).of("pulp_events_attempt_duration_seconds_count", notifier="http") == 8


def test_a_listener_among_the_others_that_is_deleted_does_not_lower_their_sum(bus, listen):
    listen("one"), listen("two")
    third = listen("three")
    listen("four")
    emit(bus, 2)
    assert of(scrape(bus), "other") == 4
    bus.listeners.delete(third.id)
    assert of(scrape(bus), "other") == 4
    emit(bus)
    assert of(scrape(bus), "other") == 5


def test_two_exporters_of_one_store_tell_the_same(bus, listen):
    listen("one"), listen("two")
    third = listen("three")
    registries = [own_registry(bus), own_registry(bus)]
    emit(bus)
    found = [parse(generate_latest(each).decode()) for each in registries]
    bus.listeners.delete(third.id)
    for each in registries:
        next(iter(each._collector_to_names))._until = 0.0
    emit(bus)
    found = [parse(generate_latest(each).decode()) for each in registries]
    assert found[0].all(ATTEMPTS) == found[1].all(ATTEMPTS)
    assert of(found[0], "one") == 2 and of(found[0], "other") == 1


def test_a_store_that_lost_something_lets_no_counter_go_down(bus, listen):
    listen("ci")
    emit(bus, 3)
    registry = own_registry(bus)
    collector = next(iter(registry._collector_to_names))
    generate_latest(registry)
    with sqlite3.connect(bus.outbox.path) as connection:
        connection.execute("DELETE FROM pulp_activity")
    collector._until = 0.0
    assert of(parse(generate_latest(registry).decode()), "ci") == 3
    emit(bus)
    assert of(scrape(bus), "ci") == 4


def test_a_purge_changes_no_counter(bus, listen):
    listen("ci")
    emit(bus, 3)
    assert sum(bus.deliveries.purge(DeliveryQuery(state="delivered"))) == 3
    assert of(scrape(bus), "ci") == 3


@pytest.mark.parametrize("text", ["", "{", "[]", '{"through": 1}'])
def test_a_damaged_file_is_said_once_and_replaced(bus, listen, caplog, text):
    listen("ci")
    emit(bus)
    scrape(bus)
    path = bus.data_dir / "metrics/counted.json"
    path.write_text(text)
    assert of(scrape(bus), "ci") == 1
    assert "damaged" in caplog.text and path.read_text().startswith("{")


def test_without_room_for_the_file_counters_are_those_of_the_process(bus, listen, caplog):
    listen("ci")
    (bus.data_dir / "metrics").write_text("not a folder")
    emit(bus, 2)
    assert of(scrape(bus), "ci") == 2 and "begin at 0" in caplog.text
