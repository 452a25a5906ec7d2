"""Runs of `pulp-admin`, each test with a server.conf and data folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pulp_events import EventBus
from pulp_events.errors import PluginError
from pulp_events.plugins.registry import Plugins
from pulp_events_cli.main import main

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
PULP_ADMIN = Path(sys.executable).with_name("pulp-admin")


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Admin:
    """`admin("event", "types")` runs `pulp-admin` in this process; `admin.process(…)` as one of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = folder / "server.conf"
        self.data = folder / "data"
        self.configure()
        self._capsys = capsys

    def configure(self, text: str = "") -> None:
        self.config.write_text(f"[events]\ndata_dir = {self.data}\n{text}")
        self.config.chmod(0o600)

    def __call__(self, *words: str) -> Run:
        self._capsys.readouterr()
        code = main(list(words))
        return Run(code, *self._capsys.readouterr())

    def ok(self, *words: str) -> Run:
        run = self(*words)
        assert run.code == 0, run.err
        return run

    def listener(self, *words: str) -> str:
        """Create a listener; returns its id."""
        return str(self.ok("event", "listener", *words, "--json").json["id"])

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PULP_EVENTS_CONFIG": str(self.config), "COLUMNS": "80"}

    @staticmethod
    def command(*words: str) -> list[str]:
        """The command line of a process."""
        return [str(PULP_ADMIN), *words]

    def process(self, *words: str, **options: Any) -> Run:
        options = {"env": self.environment, "capture_output": True, "text": True, "timeout": 60, **options}
        done = subprocess.run(self.command(*words), check=False, **options)
        return Run(done.returncode, done.stdout or "", done.stderr or "")

    def stored(self) -> str:
        """The listeners' file as it is; empty where there is none."""
        file = self.data / "listeners.json"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def admin(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Admin]:
    made = Admin(tmp_path, capsys)
    monkeypatch.setenv("PULP_EVENTS_CONFIG", str(made.config))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("PULP_EVENTS_BLOCK", raising=False)
    return made


@pytest.fixture
def refused() -> Iterator[str]:
    """HOST:PORT that refuses connections, whatever listens on this machine: the port is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def with_plugin(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`with_plugin(name, module)`: that plugin is installed beside those that are; `alone=True`: in their place."""

    def install(name: str | None, module: Any = None, alone: bool = False) -> None:
        load = Plugins.load

        def loaded() -> Plugins:
            plugins = Plugins() if alone else load()
            if name is not None:
                with contextlib.suppress(PluginError):  # it is then among `plugins.all`, as failed
                    plugins.add(name, module)
            return plugins

        monkeypatch.setattr(Plugins, "load", staticmethod(loaded))

    return install


@pytest.fixture
def lines(admin: Admin) -> Callable[..., list[str]]:
    """`lines(80, "event", "delivery", "list")`: what a terminal with so many columns shows."""

    def run(columns: int, *words: str, **environment: str) -> list[str]:
        terminal = Terminal(admin.command(*words), {**admin.environment, **environment}, columns)
        try:
            text, code = terminal.end()
        finally:
            terminal.close()
        assert code == 0, text
        return ESCAPE.sub("", text).replace("\r\n", "\n").splitlines()

    return run


@pytest.fixture
def ledger(admin: Admin) -> tuple[Any, Any]:
    """Some deliveries of two listeners, one of which has a name and failed."""
    with EventBus.open(admin.config, deliver="external") as bus:
        named = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="ci-builds")
        other = bus.listeners.create(
            "email", {"subject": "s", "addresses": ["a@b.example", "c@d.example"]}, ["repo.publish.*"]
        )
        for n in range(4):
            bus.emit("repo.sync.start", {"repo_id": f"r{n}"})
            bus.emit("repo.publish.finish", {"repo_id": f"r{n}"})
        bus.outbox.bury(named.id, "404 Not Found: there is no such hook here; ask the team that runs the receiver")
    return named, other
