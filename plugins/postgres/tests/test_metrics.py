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
