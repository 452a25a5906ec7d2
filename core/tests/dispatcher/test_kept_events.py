"""`[events] keep` and `keep_for`: which events are stored, and how long, by whoever runs a dispatcher."""

import pytest

from pulp_events import DeliveryQuery
from pulp_events.dispatcher import timekeeper
from pulp_events.settings.kept import keep_events, keep_purged, keeps_beyond
from pulp_events.settings.settings import Settings
from pulp_events.testing.clock import FakeClock


@pytest.mark.parametrize(
    ("events", "delivery", "kept", "purged", "beyond"),
    [
        ("", "", 604800.0, 0.0, False),
        ("", "keep_delivered = 1h", 3600.0, 0.0, False),
        ("keep = all", "keep_delivered = 1h", 3600.0, 3600.0, True),
        ("keep_for = 2h", "keep_delivered = 1h", 7200.0, 7200.0, True),
        ("keep = all\nkeep_for = 30d", "", 2592000.0, 2592000.0, True),
        ("keep_for = 0s", "", 0.0, 0.0, True),
    ],
)
def test_how_long_events_are_kept(tmp_path, events, delivery, kept, purged, beyond):
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\n{events}\n[delivery]\n{delivery}\n")
    settings = Settings.load(config)
    assert (keep_events(settings), keep_purged(settings), keeps_beyond(settings)) == (kept, purged, beyond)


def test_all_are_kept_by_choice_and_by_default_those_that_a_listener_matches(recording_bus, tmp_path):
    for conf, stored in (("", 1), ("[events]\nkeep = all\n", 2)):
        bus = recording_bus(conf, data_dir=tmp_path / f"data-{stored}")
        bus.listeners.create("recording", {}, ["repo.sync.start"])
        bus.emit_many([("repo.sync.start", {}), ("repo.sync.finish", {})])
        assert len(bus.events.list()) == bus.deliveries.stats().events == stored


def test_a_purge_takes_the_event_along_unless_it_is_to_be_kept(recording_bus, tmp_path):
    for conf, left in (("", 0), ("[events]\nkeep = all\n", 1), ("[events]\nkeep_for = 1h\n", 1)):
        bus = recording_bus(conf, data_dir=tmp_path / conf[-6:-1].strip())
        bus.listeners.create("recording", {}, ["*"])
        bus.emit("repo.sync.start")
        assert sum(bus.deliveries.purge(DeliveryQuery())) == 1
        assert len(bus.events.list()) == left


def test_a_dispatcher_deletes_events_when_their_time_is_over(recording_bus, monkeypatch, eventually):
    monkeypatch.setattr(timekeeper, "MAINTAIN", 0.0)
    clock = FakeClock()
    bus = recording_bus("[events]\nkeep = all\nkeep_for = 1h\n", clock=clock, deliver="background")
    bus.emit("repo.sync.start", id="old")
    clock.advance(3000)
    bus.emit("repo.sync.start", id="young")
    clock.advance(700)
    assert eventually(lambda: [each.id for each in bus.events.list()] == ["young"])
