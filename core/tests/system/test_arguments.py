"""An argument of the wrong kind is one clear line, before anything was done."""

import pytest

from pulp_events import EventBus, EventsError


@pytest.fixture
def bus(tmp_path):
    with EventBus.open(plugins=False, data_dir=tmp_path / "data", deliver="external") as bus:
        yield bus


@pytest.mark.parametrize("value", ["env:EV", "file:/x", "", " ", b"x", 5, ["x"]], ids=repr)
@pytest.mark.parametrize("name", ["config", "data_dir"])
def test_what_is_no_path(tmp_path, monkeypatch, name, value):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EventsError, match=f"^{name}=.*give "):
        EventBus.open(**{name: value}, plugins=False, deliver="external")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["x", None, [], True, float("nan")], ids=repr)
def test_what_is_no_grace_and_closes_nothing(bus, value):
    with pytest.raises(EventsError, match="^grace=.*number of seconds"):
        bus.close(grace=value)
    bus.emit("repo.sync.start")


@pytest.mark.parametrize("value", ["x", [], True, float("nan")], ids=repr)
def test_what_is_no_timeout(bus, value):
    with pytest.raises(EventsError, match="^timeout=.*number of seconds"):
        bus.wait(bus.emit("repo.sync.start"), timeout=value)


@pytest.mark.parametrize("value", [None, 5, b"x"], ids=repr)
def test_what_is_no_event(bus, value):
    with pytest.raises(EventsError, match=r"^wait\(\) was given .* its id"):
        bus.wait(value)


@pytest.mark.parametrize("value", ["x", None, 1.5, -1, True], ids=repr)
def test_what_is_no_limit(bus, value):
    with pytest.raises(EventsError, match="^limit=.*whole number"):
        bus.deliveries.list(limit=value)
