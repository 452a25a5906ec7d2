"""What is told of how things stand: of listeners, of the store, of processes; and what labels may hold."""

import math
import time
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from pulp_events import EventBus
from pulp_events.errors import StoreError
from pulp_events.testing import FakeClock, HttpSink
from pulp_events_prometheus import register
from pulp_events_prometheus.families import GAUGES
from pulp_events_prometheus.reading import Reader

from .scraping import scrape

DOWN = "http://127.0.0.1:9/"


def listener(found, name, of):
    return found.of(f"pulp_events_listener_{name}", notifier="http", listener=of)


def test_a_listener_that_fails_shows_it(settings):
    clock = FakeClock(wall=1_800_000_000.0)
    with EventBus.open(settings=settings, deliver="inline", clock=clock) as bus:
        bus.listeners.create("http", {"url": DOWN}, ["*"], name="broken", lanes=3)
        for _ in range(7):
            bus.emit("repo.sync.start", {"repo_id": "a"})
        clock.advance(3)
        found = scrape(bus)
        assert listener(found, "circuit_open", "broken") == 1 and listener(found, "lanes", "broken") == 3
        assert (
            listener(found, "consecutive_failures", "broken") == 5 and listener(found, "failing_seconds", "broken") == 3
        )
        assert listener(found, "pending_deliveries", "broken") == 7
        assert (
            found.of("pulp_events_oldest_pending_seconds") == listener(found, "oldest_pending_seconds", "broken") == 3
        )
        assert found.of("pulp_events_dispatcher_lag_seconds") == 0  # what a circuit holds up is no lag


def test_a_listener_that_answers_again_does_not(bus):
    with HttpSink() as sink:
        made = bus.listeners.create("http", {"url": DOWN}, ["*"], name="mended")
        bus.emit("repo.sync.start", {"repo_id": "a"})
        bus.listeners.update(made.id, {"url": sink.url})
        bus.emit("repo.sync.start", {"repo_id": "a"})
        found = scrape(bus)
        assert listener(found, "consecutive_failures", "mended") == listener(found, "failing_seconds", "mended") == 0


def test_mutes_and_disabled_ones_are_told(bus):
    bus.listeners.create("http", {"url": DOWN}, ["*"], name="quiet")
    off = bus.listeners.create("http", {"url": DOWN}, ["*"], name="off")
    bus.listeners.mute("quiet", 3600)
    bus.listeners.disable(off.id)
    found = scrape(bus)
    assert listener(found, "muted", "quiet") == listener(found, "disabled", "off") == 1
    assert found.all("pulp_events_listeners") == {
        frozenset({("notifier", "http"), ("state", "muted")}): 1,
        frozenset({("notifier", "http"), ("state", "disabled")}): 1,
    }


def test_those_that_are_muted_or_disabled_neither_fail_nor_are_a_backlog(settings):
    settings["prometheus"]["listeners"] = 5
    clock = FakeClock(wall=1_800_000_000.0)
    with EventBus.open(settings=settings, deliver="inline", clock=clock) as bus:
        for name in ("quiet", "off", "on"):
            bus.listeners.create("http", {"url": DOWN}, ["*"], name=name)
        for _ in range(3):
            bus.emit("repo.sync.start", {"repo_id": "a"})
        bus.listeners.mute("quiet", 86400)
        bus.listeners.disable("off")
        clock.advance(660)
        found = scrape(bus)
        assert [listener(found, "failing", name) for name in ("quiet", "off", "on")] == [0, 0, 1]
        assert [listener(found, "failing_seconds", name) for name in ("quiet", "off", "on")] == [0, 0, 660]
        assert found.of("pulp_events_backlog_age_seconds") == 660
        bus.listeners.disable("on")
        found = scrape(bus)
        assert found.of("pulp_events_backlog_age_seconds") == 0
        assert found.of("pulp_events_oldest_pending_seconds") == 660
        bus.listeners.unmute("quiet")
        clock.advance(5)
        assert listener(scrape(bus), "failing", "quiet") == 1


def test_of_others_it_is_told_how_many_fail_not_that_one_fails_often_and_another_for_long(settings):
    settings["prometheus"]["listeners"] = 0
    clock = FakeClock(wall=1_800_000_000.0)
    with EventBus.open(settings=settings, deliver="inline", clock=clock) as bus:
        bus.listeners.create("http", {"url": DOWN}, ["repo.sync.start"], name="long")
        bus.listeners.create("http", {"url": DOWN}, ["repo.sync.finish"], name="often")
        bus.emit("repo.sync.start", {"repo_id": "a"})
        clock.advance(700)
        for _ in range(4):
            bus.emit("repo.sync.finish", {"repo_id": "a"})
        found = scrape(bus)
        assert (
            listener(found, "consecutive_failures", "other") >= 3 and listener(found, "failing_seconds", "other") > 600
        )
        assert listener(found, "failing", "other") == 0


def test_listeners_that_cannot_be_read_are_a_store_that_does_not_answer_in_every_process(bus):
    """Also in one that remembers them, as a worker does, and goes on with them."""
    bus.listeners.create("http", {"url": DOWN}, ["*"], name="one")
    registry = registry_of(bus)
    assert registry.get_sample_value("pulp_events_up") == 1
    file = bus.data_dir / "listeners.json"
    whole = file.read_bytes()
    file.write_bytes(whole[:40])
    time.sleep(0.005)
    assert scrape(bus).of("pulp_events_up") == 0
    file.write_bytes(whole)
    time.sleep(0.005)  # for so long the version of a file holds
    assert scrape(bus).of("pulp_events_up") == 1


def test_dropped_events_are_0_before_the_first(bus):
    assert scrape(bus).of("pulp_events_dropped_events", event_type="repo.sync.start") == 0


def test_events_about_events_are_counted_as_emitted(settings):
    clock = FakeClock(wall=1_800_000_000.0)
    with EventBus.open(settings=settings, deliver="inline", clock=clock) as bus:
        bus.listeners.create("http", {"url": DOWN}, ["repo.sync.*"], name="ci")
        bus.listeners.create("http", {"url": DOWN}, ["listener.failing"], name="mail")
        for _ in range(3):
            bus.emit("repo.sync.start", {"repo_id": "a"})
        clock.advance(10.1)
        bus.deliver_due()
        assert scrape(bus).of("pulp_events_emitted_total", event_type="listener.failing") == 1


def test_what_nobody_attempts_is_the_dispatchers_lag(settings):
    clock = FakeClock(wall=1_800_000_000.0)
    with EventBus.open(settings=settings, deliver="external", clock=clock) as bus:
        bus.listeners.create("http", {"url": DOWN}, ["*"], name="one", lanes=1)
        bus.listeners.create("http", {"url": DOWN}, ["*"], name="slow", rate="1/h")
        assert scrape(bus).of("pulp_events_dispatcher_lag_seconds") == 0
        bus.emit("repo.sync.start", {"repo_id": "a"})
        clock.advance(100)
        assert scrape(bus).of("pulp_events_dispatcher_lag_seconds") == pytest.approx(100)
        bus.listeners.mute("one", 3600)  # a rate holds up the other
        assert scrape(bus).of("pulp_events_dispatcher_lag_seconds") == 0


def test_the_store_and_those_at_work_are_told(bus):
    bus.heartbeat.become_worker()
    bus.heartbeat.appear()
    found = scrape(bus)
    assert found.of("pulp_events_up") == 1 and found.of("pulp_events_store_size_bytes", file="outbox") > 4096
    assert found.of("pulp_events_store_free_bytes") > 0
    assert found.of("pulp_events_processes", kind="worker", state="delivering") == 1
    assert next(iter(found.all("pulp_events_build_info").values())) == 1


def test_a_store_that_does_not_answer_is_told_and_said_once(bus, monkeypatch, caplog):
    registry = CollectorRegistry()
    collector = register(bus, registry)
    monkeypatch.setattr(Reader, "read", lambda self: (_ for _ in ()).throw(StoreError("the disk is gone")))
    for _ in range(3):
        collector._until = 0.0
        assert registry.get_sample_value("pulp_events_up") == 0
    assert caplog.text.count("the disk is gone") == 1
    registry.unregister(collector)


def test_a_bus_that_was_closed_is_down_and_no_error(settings):
    with EventBus.open(settings=settings, deliver="external") as bus:
        registry = CollectorRegistry()
        register(bus, registry)
    assert registry.get_sample_value("pulp_events_up") == 0


def test_two_servers_that_scrape_at_once_ask_the_store_once(bus, monkeypatch):
    asked, real = [], Reader.read
    monkeypatch.setattr(Reader, "read", lambda self: asked.append(1) or real(self))
    registry = CollectorRegistry()
    register(bus, registry)
    began = time.monotonic()
    generate_latest(registry), generate_latest(registry)
    assert len(asked) == 1 or time.monotonic() - began > 1


def test_no_address_and_no_secret_stands_in_a_label_or_a_help_text(bus):
    secret = "tok3n-of-the-room"
    url = f"http://127.0.0.1:9/{secret}"
    for number in range(4):
        bus.listeners.create("http", {"url": url, "username": "u", "password": secret}, ["*"], name=f"n{number}")
    bus.listeners.create("email", {"subject": secret, "addresses": [f"{secret}@pulp.example"]}, ["*"])
    bus.emit("repo.sync.start", {"repo_id": secret})
    text = generate_latest(registry_of(bus)).decode()
    assert secret not in text and "127.0.0.1" not in text and "@" not in text


def registry_of(bus):
    registry = CollectorRegistry()
    register(bus, registry)
    return registry


def test_a_listener_without_a_name_is_its_id_and_one_called_other_too(bus):
    unnamed = bus.listeners.create("http", {"url": DOWN}, ["*"])
    other = bus.listeners.create("http", {"url": DOWN}, ["*"], name="other")
    bus.listeners.create("http", {"url": DOWN}, ["*"], name="third")
    lanes = scrape(bus).all("pulp_events_listener_lanes")
    assert {dict(labels)["listener"] for labels in lanes} == {unnamed.id, other.id, "other"}


def test_values_of_labels_are_escaped(bus, monkeypatch):
    """A store of a plugin may hold names that ours refuses."""
    made = bus.listeners.create("http", {"url": DOWN}, ["*"], name="plain")
    strange = 'a"b\\c\nd{},='
    monkeypatch.setattr(bus.listeners, "list", lambda: [replace(made, name=strange)])
    found = scrape(bus)
    assert found.of("pulp_events_listener_lanes", notifier="http", listener=strange) is not None


def test_ten_thousand_listeners_are_no_more_series_than_a_hundred(settings, tmp_path):
    settings["prometheus"]["listeners"] = 100
    settings["events"]["data_dir"] = str(tmp_path / "many")
    with EventBus.open(settings=settings, deliver="external") as bus:
        first = bus.listeners.create("http", {"url": DOWN}, ["repo.sync.start"], name="first")
        emitted = [("repo.sync.start", {"repo_id": str(number)}) for number in range(20)]
        bus.emit_many(emitted)
        many = [
            replace(first, id=f"{number:024x}", name=f"n{number}", created=first.created, lanes=1)
            for number in range(10_000)
        ]
        bus.listeners.list = lambda: many
        found = scrape(bus)
        by = {dict(labels)["listener"] for labels in found.all("pulp_events_listener_lanes")}
        assert len(by) == 101 and "other" in by
        assert found.of("pulp_events_listener_lanes", notifier="http", listener="other") == 9900
        assert len(found) < 101 * (len(GAUGES) + 9) + 200
        assert all(math.isfinite(value) for value in found.values())


def test_deliveries_that_died_before_the_first_scrape_are_told_for_a_while(settings):
    clock = FakeClock()
    with EventBus.open(settings=settings, deliver="inline", clock=clock) as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="new", retry_schedule=[])
        for _ in range(3):
            bus.emit("repo.sync.start", {"repo_id": "a"})
        told = {"notifier": "http", "listener": "new"}
        clock.advance(14 * 60)
        assert scrape(bus).of("pulp_events_listener_lately_dead_deliveries", **told) == 3
        clock.advance(3 * 60)
        assert scrape(bus).of("pulp_events_listener_lately_dead_deliveries", **told) == 0
