"""`pulp_events_counted`: plugins that only count what is emitted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pulp_events import EventBus, hookimpl
from pulp_events.testing import open_bus

PAYLOAD = {"repo_id": "a"}


@pytest.fixture
def counted():
    return []


@pytest.fixture
def bus(tmp_path, counted):
    @hookimpl
    def pulp_events_counted(event_types, settings):
        counted.append((dict(event_types), settings.data_dir))
        if event_types.get("repo.publish.start"):
            raise SystemExit(3)

    with open_bus(tmp_path, SimpleNamespace(pulp_events_counted=pulp_events_counted)) as bus:
        yield bus


def test_each_call_is_told_once_with_the_folder_of_the_bus(bus, counted):
    bus.emit("repo.sync.start", PAYLOAD)
    bus.emit_many([("repo.sync.start", PAYLOAD), ("repo.sync.finish", PAYLOAD), ("repo.sync.start", PAYLOAD)])
    bus.emit_many([])
    assert counted == [
        ({"repo.sync.start": 1}, bus.data_dir),
        ({"repo.sync.start": 2, "repo.sync.finish": 1}, bus.data_dir),
    ]


def test_it_makes_no_event_wanted(bus, counted):
    assert not bus.is_wanted("repo.sync.start")
    bus.emit("repo.sync.start", lambda: pytest.fail("nobody needs it"))
    assert counted == [({"repo.sync.start": 1}, bus.data_dir)]


def test_one_that_raises_even_an_exit_stops_nothing(bus, caplog):
    assert bus.emit("repo.publish.start", PAYLOAD).event_type == "repo.publish.start"
    assert "pulp_events_counted failed" in caplog.text


def test_hooks_know_the_folder_that_the_application_named(tmp_path):
    with EventBus.open(settings={}, data_dir=tmp_path / "named", plugins=False, deliver="external") as bus:
        assert bus.settings.data_dir == bus.data_dir == tmp_path / "named"
