"""`pulp-events-prometheus` tells of stores on PostgreSQL what it tells of those in files."""

import pytest

from pulp_events import EventBus

collector = pytest.importorskip("pulp_events_prometheus.collector")


def test_a_listener_that_fails_is_seen_in_the_metrics(url, tmp_path):
    settings = {"events": {"data_dir": str(tmp_path)}, "storage": {"url": url, "password": "pw"}}
    with EventBus.open(settings=settings, deliver="inline") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.*.*"], name="broken")
        for _ in range(6):
            bus.emit("repo.sync.start", {"repo_id": "a"})
        told, labels = collector.own_registry(bus), {"notifier": "http", "listener": "broken"}
        value = told.get_sample_value
        assert value("pulp_events_attempts_total", {**labels, "outcome": "transient"}) == 5
        assert value("pulp_events_attempt_duration_seconds_count", {"notifier": "http"}) == 5
        assert value("pulp_events_emitted_total", {"event_type": "repo.sync.start"}) == 6
        assert value("pulp_events_listener_circuit_open", labels) == 1
        assert value("pulp_events_listener_pending_deliveries", labels) == 6
        for held in ("outbox", "listeners"):
            assert 8192 < value("pulp_events_store_size_bytes", {"file": held}) < 10_000_000


def test_the_size_of_the_store_is_that_of_our_tables_alone_and_grows(url, tmp_path):
    settings = {"events": {"data_dir": str(tmp_path), "keep": "all"}, "storage": {"url": url, "password": "pw"}}
    with EventBus.open(settings=settings, deliver="external") as bus:
        before = bus.outbox.sizes()
        bus.outbox.database.execute(
            "CREATE TABLE @.pulp_of_somebody AS SELECT repeat('x', 900) FROM generate_series(1, 9999)"
        )
        assert bus.outbox.sizes() == before
        bus.emit_many([("repo.sync.start", {"repo_id": "a" * 5000, "n": n}) for n in range(200)])
        after = bus.outbox.sizes()
        assert after["outbox"] >= before["outbox"] + 100_000 and after["listeners"] == before["listeners"]
