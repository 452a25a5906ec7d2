"""A bus with a small notifier, and its file of listeners."""

import pytest
from marshmallow import Schema, fields, validate

from pulp_events import EventBus, Notifier, hookimpl
from pulp_events.plugins.registry import Plugins


class RoomConfig(Schema):
    room = fields.String(required=True, validate=validate.Length(min=1), metadata={"help": "room"})
    size = fields.Integer(metadata={"help": "size"})
    token = fields.String(metadata={"help": "token", "secret": True})
    url = fields.Url(metadata={"help": "url"})


class Room(Notifier):
    type_id = "room"
    config_schema = RoomConfig

    def __init__(self):
        self.calls = []

    def deliver(self, event, config):
        self.calls.append((event, dict(config)))

    def targets(self, config):
        return [config["room"]]


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def open_bus(tmp_path, room):
    opened = []

    class Plugin:
        @hookimpl
        def pulp_notifiers(self):
            return [room]

    def open_it(**options):
        plugins = Plugins()
        plugins.add("room", Plugin())
        opened.append(EventBus.open(plugins=plugins, data_dir=tmp_path / "data", **{"deliver": "inline", **options}))
        return opened[-1]

    yield open_it
    for bus in opened:
        bus.close()


@pytest.fixture
def bus(open_bus):
    return open_bus()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "data" / "listeners.json"
