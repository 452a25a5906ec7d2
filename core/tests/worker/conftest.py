"""Real processes on one data folder. The notifier `spool` appends to a file, so that all can see what arrived, and to
another when it begins; it can be held up."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PLUGIN = """
import os, time
from marshmallow import Schema, fields
from pulp_events import Notifier, TransientFailure, hookimpl

class SpoolConfig(Schema):
    path = fields.String(required=True, metadata={"help": "file to append to"})
    delay = fields.Float(load_default=0.0, metadata={"help": "seconds that a delivery takes"})

class Spool(Notifier):
    type_id = "spool"
    config_schema = SpoolConfig

    def deliver(self, event, config):
        self.note(event, config["path"] + ".begun")
        while self.is_held(config["path"]):
            time.sleep(0.01)
        time.sleep(config["delay"])
        if event.payload.get("kill"):
            os._exit(9)
        self.note(event, config["path"])

    def note(self, event, path):
        line = f"{event.id} {os.getpid()} {event.payload.get('n')}\\n".encode()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, line)
        os.close(handle)

    def is_held(self, path):
        try:
            with open(path + ".most") as most:
                limit = int(most.read())
            with open(path) as arrived:
                return len(arrived.readlines()) >= limit
        except FileNotFoundError:
            return False

@hookimpl
def pulp_notifiers():
    return [Spool()]
"""


class Place:
    """A data folder with a server.conf, an installed plugin, and processes that use them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.config = folder / "server.conf"
        self.spool = folder / "spool.txt"
        self.log = folder / "worker.log"
        self.processes = []
        site = folder / "site"
        info = site / "spool_plugin-1.0.dist-info"
        info.mkdir(parents=True)
        (site / "spool_plugin.py").write_text(PLUGIN)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: spool-plugin\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[pulp_events]\nspool = spool_plugin\n")
        self.environment = {**os.environ, "PYTHONPATH": str(site), "PULP_EVENTS_CONFIG": str(self.config)}
        self.configure()

    def configure(self, **delivery):
        lines = "".join(f"{key} = {value}\n" for key, value in delivery.items())
        self.config.write_text(f"[events]\ndata_dir = {self.folder / 'data'}\n[delivery]\n{lines}")

    def start(self, code, *arguments):
        """A Python process that runs `code`, with its standard output to be read."""
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def run(self, code, *arguments):
        """Run `code` to its end; returns what it printed as JSON, or None."""
        process = self.start(code, *arguments)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        return json.loads(out) if out.strip() else None

    def worker(self, grace=5.0):
        """A worker in a process of its own, once it is ready."""
        process = self.start(
            """
            import logging, sys
            from pulp_events import EventBus
            logging.basicConfig(filename=sys.argv[2], level=logging.INFO)
            from pulp_events.worker.worker import Worker
            def open_bus():
                bus = EventBus.open()
                print("ready", flush=True)
                return bus
            sys.exit(Worker(open_bus, float(sys.argv[1])).run())
            """,
            grace,
            self.log,
        )
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        return process

    def emit(self, count=1, **payload):
        """Emit events from a process of its own that makes no deliveries; returns their ids."""
        return self.run(
            """
            import json, sys
            from pulp_events import EventBus
            payload = json.loads(sys.argv[2])
            with EventBus.open(deliver="external") as bus:
                events = bus.emit_many([("repo.sync.start", {"n": n, **payload}) for n in range(int(sys.argv[1]))])
            print(json.dumps([event.id for event in events]))
            """,
            count,
            json.dumps(payload),
        )

    def listener(self, **config):
        return self.run(
            """
            import json, sys
            from pulp_events import EventBus
            with EventBus.open(deliver="external") as bus:
                bus.listeners.create("spool", json.loads(sys.argv[1]), ["repo.#"])
            """,
            json.dumps({"path": str(self.spool), **config}),
        )

    def arrived(self):
        """Event ids in the order of arrival."""
        return [line.split()[0] for line in self.lines()]

    def lines(self):
        return self.spool.read_text().splitlines() if self.spool.exists() else []

    def begun(self):
        """The same of deliveries that began."""
        begun = Path(f"{self.spool}.begun")
        return begun.read_text().splitlines() if begun.exists() else []

    def hold_at(self, count):
        """Once that many have arrived, deliveries take until `go_on`; each lane may be one late."""
        new = Path(f"{self.spool}.new")
        new.write_text(str(count))
        new.rename(f"{self.spool}.most")

    def go_on(self):
        Path(f"{self.spool}.most").unlink()

    def states(self):
        return self.run(
            """
            import json
            from pulp_events import EventBus
            with EventBus.open(deliver="external") as bus:
                print(json.dumps({one.event_id: [one.state, one.attempts,
                    [attempt.outcome for attempt in bus.deliveries.attempts(one.id)]]
                    for one in bus.deliveries.list(limit=100000)}))
            """
        )

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.close()


class Systemd:
    """The manager's end of sd_notify(3): each message with the process that sent it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(str(path))
        self.socket.settimeout(30)
        self.said = []

    def hear(self, text):
        """The sender of the next message that has the text."""
        while True:
            message, ancillary, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(12))
            self.said.append(message.decode())
            if text in message.decode():
                return struct.unpack("3i", ancillary[0][2])[0]


@pytest.fixture
def systemd(place):
    made = Systemd(place.folder / "notify")
    place.environment["NOTIFY_SOCKET"] = str(place.folder / "notify")
    yield made
    made.socket.close()
