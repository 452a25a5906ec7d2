"""A notifier that holds its connections to networks, and one that says nothing of them; a bus with both."""

import contextlib
from urllib.parse import urlsplit

import pytest
from marshmallow import Schema, fields

from pulp_events import Author, Channel, EventBus, Notifier, TransientFailure, hookimpl
from pulp_events.deadline import Deadline, open_tcp
from pulp_events.notifier import WITHIN_NETWORKS
from pulp_events.plugins.registry import Plugins

ALICE = Author("alice")
BOB = Author("bob")


class Account(Schema):
    name = fields.String()
    secret = fields.String(metadata={"secret": True})
    keyfile = fields.String(metadata={"local": True})


class NetConfig(Schema):
    url = fields.String(metadata={"help": "url"})
    token = fields.String(metadata={"help": "token", "secret": True})
    plain = fields.String(metadata={"help": "sent as it is", "local": False, "template": False})
    ca_path = fields.String(metadata={"help": "file", "names_file": True})
    hook = fields.String(metadata={"help": "program", "local": True})
    body = fields.String(metadata={"help": "template", "template": "text"})
    pages = fields.String(metadata={"help": "templates", "template": "files"})
    note = fields.String(metadata={"help": "nothing is said of it"})
    notes = fields.List(fields.String(), metadata={"help": "nor of these"})
    marks = fields.Dict(fields.String(), fields.String(), metadata={"help": "nor of these"})
    account = fields.Nested(Account, metadata={"help": "an account"})
    accounts = fields.Dict(values=fields.Nested(Account), metadata={"help": "accounts by name"})
    plucked = fields.Pluck(Account, "keyfile", metadata={"help": "a file"})
    several = fields.Pluck(Account, "keyfile", many=True, metadata={"help": "files"})
    to = fields.List(fields.String(), metadata={"help": "targets"})


class NetChannel(Channel):
    """Connects, and sends nothing."""

    def __init__(self, notifier, config, networks):
        self.notifier, self.config, self.networks = notifier, config, networks

    def send(self, delivery):
        self.notifier.sent.append((dict(self.config), self.networks, delivery))
        if "url" in self.config:
            url, deadline = urlsplit(self.config["url"]), Deadline()
            deadline.start(30.0)
            check = None if self.networks is None else self.networks.check
            try:
                with contextlib.closing(open_tcp(url.hostname, url.port, deadline, check)):
                    self.detail = "connected"
            except OSError as error:
                raise TransientFailure(str(error.strerror or error)) from error


class Net(Notifier):
    type_id = "net"
    config_schema = NetConfig
    connects_to = WITHIN_NETWORKS

    def __init__(self):
        self.sent, self.asked = [], []

    def open(self, config, settings):
        return NetChannel(self, config, None)

    def open_within(self, config, settings, networks):
        return NetChannel(self, config, networks)

    def check(self, config):
        self.asked.append(dict(config))

    def warnings(self, config, settings):
        self.asked.append(dict(config))
        return ()

    def preview(self, deliveries, config, settings):
        self.asked.append(dict(config))
        return "preview"

    def targets(self, config):
        return config.get("to") or [""]


class Free(Notifier):
    """Says nothing of its connections."""

    type_id = "free"
    config_schema = Schema.from_dict({"room": fields.String(metadata={"help": "room"})})

    def __init__(self):
        self.sent = []

    def deliver(self, event, config):
        self.sent.append(event)


@pytest.fixture
def net():
    return Net()


@pytest.fixture
def free():
    return Free()


@pytest.fixture
def open_bus(tmp_path, net, free):
    """Opens a bus; keywords go into [untrusted]."""
    opened = []

    class Plugin:
        @hookimpl
        def pulp_notifiers(self):
            return [net, free]

    def open_it(clock=None, deliver="inline", plugin=None, more="", **untrusted):
        values = {"notifier_types": "net, free", "networks": "127.0.0.0/8", "rate": "1000/s", **untrusted}
        conf = tmp_path / "server.conf"
        conf.write_text("[untrusted]\n" + "".join(f"{key} = {value}\n" for key, value in values.items()) + more)
        plugins = Plugins()
        plugins.add("test", Plugin())
        if plugin is not None:
            plugins.add("more", plugin)
        bus = EventBus.open(conf, plugins=plugins, data_dir=tmp_path / "data", deliver=deliver, clock=clock)
        opened.append(bus)
        return bus

    yield open_it
    for bus in opened:
        bus.close()


@pytest.fixture
def bus(open_bus):
    return open_bus()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "data" / "listeners.json"


@pytest.fixture
def edit(file):
    """Changes the only record in the file, as somebody does with an editor."""
    import json

    def change(**values):
        content = json.loads(file.read_text())
        [(key, record)] = content["listeners"].items()
        record = {name: value for name, value in {**record, **values}.items() if value is not ...}
        content["listeners"][key] = record
        file.write_text(json.dumps(content))

    return change
