"""A small notifier that records what it is given, and buses that have it."""

import subprocess
import sys
import time

import pytest
from marshmallow import Schema, fields

from pulp_events import EventBus, Notifier, hookimpl
from pulp_events.plugins.registry import Plugins


class RecordingConfig(Schema):
    name = fields.String(metadata={"help": "name under which calls are noted"})
    token = fields.String(metadata={"help": "a secret", "secret": True})
    url = fields.Url(require_tld=False, metadata={"help": "a secret URL", "secret": True})


class RecordingSettings(Schema):
    password = fields.String(load_default="", metadata={"help": "a secret of the installation", "secret": True})


class Recording(Notifier):
    """`act(event, config)` is called for each delivery; `calls` has what was given to it."""

    type_id = "recording"
    config_schema = RecordingConfig
    settings_section = "recording"
    settings_schema = RecordingSettings

    def __init__(self):
        self.calls = []
        self.act = lambda event, config: None
        self.settings = None

    def open(self, config, settings):
        self.settings = dict(settings)
        return super().open(config, settings)

    def deliver(self, event, config):
        self.calls.append((event, dict(config)))
        return self.act(event, config)


class RecordingPlugin:
    def __init__(self, notifier):
        self.notifier = notifier

    @hookimpl
    def pulp_notifiers(self):
        return [self.notifier]


@pytest.fixture
def recording():
    return Recording()


@pytest.fixture
def recording_bus(tmp_path, recording):
    """Opens a bus with the recording notifier; `conf` is the text of its server.conf."""
    opened = []

    def open_it(conf="", **options):
        plugins = Plugins()
        plugins.add("recording", RecordingPlugin(recording))
        path = tmp_path / "server.conf"
        path.write_text(conf)
        options = {"deliver": "inline", "data_dir": tmp_path / "data", **options}
        opened.append(EventBus.open(path, plugins=plugins, **options))
        return opened[-1]

    yield open_it
    for bus in opened:
        bus.close()


@pytest.fixture
def eventually():
    """Waits until something is true, looking every few milliseconds; returns it."""

    def wait(condition, timeout=30.0):
        deadline = time.monotonic() + timeout
        while not (result := condition()):
            assert time.monotonic() < deadline, "did not become true in time"
            time.sleep(0.005)
        return result

    return wait


@pytest.fixture
def locked():
    """Locks an SQLite file, from another process, until the test ends or the result is called."""
    holders = []
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], 60); c.execute('BEGIN IMMEDIATE'); print(); input()"

    def lock(path):
        holder = subprocess.Popen([sys.executable, "-uc", code, path], stdin=-1, stdout=-1, text=True)
        holders.append(holder)
        assert holder.stdout.readline() == "\n", "it could not be locked"

        def release():
            print(file=holder.stdin, flush=True)
            holder.wait(60)

        return release

    yield lock
    for holder in holders:
        with holder:
            holder.kill()
