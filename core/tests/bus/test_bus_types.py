"""What an application may get wrong: a relative folder, and values of other types."""

import pytest

from pulp_events import EventBus, InvalidConfig, InvalidEvent


def test_a_relative_data_folder_stays_the_same_one_when_the_process_moves(recording_bus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bus = recording_bus(deliver="external", data_dir="data")
    bus.listeners.create("recording", {}, ["*"])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    event = bus.emit("repo.sync.start")
    assert bus.data_dir == tmp_path / "data"
    assert len(bus.wait(event, 0)) == 1 and len(bus.listeners.list()) == 1
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "events",
    [
        "repo.sync.start",
        ["repo.sync.start"],
        [()],
        [("repo.sync.start", {}, {}, "x", {})],
        {"repo.sync.start": {}},
        3,
        [3],
    ],
)
def test_events_of_another_shape_are_refused_with_the_right_one(recording_bus, events):
    with pytest.raises(InvalidEvent, match=r"give (a list of )?\(event_type, payload\)"):
        recording_bus().emit_many(events)


def test_the_payload_of_an_operation_is_a_mapping(recording_bus):
    with pytest.raises(InvalidEvent, match="payload is of type int"):
        recording_bus().operation("repo.sync", 3)


@pytest.mark.parametrize(
    "options", [{"event_types": 3}, {"retry_schedule": 3}, {"retry_schedule": "5s"}, {"filter": 3}]
)
def test_options_of_a_listener_that_are_of_another_type_are_refused(recording_bus, options):
    bus: EventBus = recording_bus()
    with pytest.raises(InvalidConfig):
        bus.listeners.create("recording", {}, **{"event_types": ["*"], **options})
