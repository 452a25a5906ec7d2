"""Somebody else's notifier, installed as a package of its own next to a broken plugin, in an environment of its own.

The environment sees this project's packages through a .pth file, so that nothing is downloaded; pip installs the two
plugins from their wheels.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from pulp_events.testing.http_sink import Answer, HttpSink

THIRD_PARTY = Path(__file__).parent / "third_party"
SECRET = "T0KEN-of-the-room"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A virtual environment with the plugins `chat` and `broken`."""
    folder = tmp_path_factory.mktemp("third_party")
    venv.create(folder / "venv", symlinks=True)
    library = next((folder / "venv" / "lib").glob("python*/site-packages"))
    # addsitedir also follows the .pth files there, which editable installations are made of
    (library / "project.pth").write_text("".join(f"import site; site.addsitedir({each!r})\n" for each in packages()))
    wheels = [str(build(THIRD_PARTY / name, folder)) for name in ("chat", "broken")]
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "venv" / "bin" / "python")]
    options = ["--quiet", "--no-index", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", *options, *wheels], check=True, timeout=100)
    return folder / "venv"


def build(source, folder):
    """The wheel (PEP 427) of a project that is one module: what its build backend would make, without fetching it."""
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    points = "".join(f"{key} = {value}\n" for key, value in project["entry-points"]["pulp_events"].items())
    files = {
        f"{name}.py": (source / f"{name}.py").read_text(),
        f"{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n",
        f"{name}-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-{version}.dist-info/entry_points.txt": f"[pulp_events]\n{points}",
    }
    record = f"{name}-{version}.dist-info/RECORD"
    files[record] = "".join(f"{path},,\n" for path in [*files, record])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def packages() -> list[str]:
    """The folders of site packages of the interpreter that runs the tests."""
    return [path for path in site.getsitepackages() if Path(path).is_dir()]


class Admin:
    """`pulp-admin` of that environment."""

    def __init__(self, environment, folder):
        self._python = environment / "bin" / "python"
        config = folder / "server.conf"
        config.write_text(f"[events]\ndata_dir = {folder / 'data'}\n[delivery]\nretry_schedule = 100ms, 100ms, 100ms\n")
        self._variables = {**os.environ, "PULP_EVENTS_CONFIG": str(config), "COLUMNS": "80", "MANWIDTH": "80"}

    def __call__(self, *words):
        command = [str(self._python), "-m", "pulp_events_cli", *words]
        return subprocess.run(command, capture_output=True, text=True, env=self._variables, timeout=60)

    def ok(self, *words):
        done = self(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def admin(environment, tmp_path):
    return Admin(environment, tmp_path)


@pytest.fixture
def room():
    """The chat's server: its first answer is an error."""
    with HttpSink([Answer(503), Answer()]) as sink:
        yield sink


CREATE = ("event", "listener", "chat", "create", "--event-type=repo.#")


@pytest.mark.slow
def test_it_stands_in_the_help_beside_the_others(admin):
    assert "  chat  - manage chat listeners\n  email - manage email listeners\n" in admin.ok("event", "listener")
    text = admin.ok(*CREATE[:4], "--help")
    assert "  --url        - (required) incoming webhook of the room; " in text
    assert "  --room       - room to post to\n" in text


def test_its_configuration_is_validated(admin):
    done = admin(*CREATE, f"--url={SECRET}")
    assert done.returncode == 2 and "url: Not a valid URL." in done.stderr and SECRET not in done.stderr
    assert admin(*CREATE, "--room=dev").returncode == 2
    assert admin.ok("event", "listener", "list") == ""


def test_it_delivers_retries_and_keeps_its_secret(admin, room):
    admin.ok(*CREATE, f"--url={room.url}/{SECRET}", "--room=dev")
    listing = admin.ok("event", "listener", "list")
    assert "  Room: dev\n  URL:  ********\n" in listing
    emitted = admin.ok("event", "emit", "repo.sync.start", '--payload={"repo_id": "pulp2"}', "--timeout=60s")
    assert re.search(r"chat +delivered", emitted)
    first, second = room.wait_for(2)
    assert first.path == second.path == f"/{SECRET}"
    assert json.loads(second.body) == {"room": "dev", "text": "repo.sync.start: {'repo_id': 'pulp2'}"}
    delivery = json.loads(admin.ok("event", "delivery", "list", "--json"))[0]["id"]
    shown = admin.ok("event", "delivery", "show", delivery)
    assert "the room cannot be reached: HTTP Error 503" in shown
    for text in (listing, emitted, shown, admin.ok("event", "listener", "list", "--json")):
        assert SECRET not in text


@pytest.mark.slow
def test_its_listeners_are_updated(admin):
    admin.ok(*CREATE, f"--url=http://chat.example/{SECRET}", "--room=dev")
    (listener,) = json.loads(admin.ok("event", "listener", "list", "--json"))
    update = ("event", "listener", "chat", "update", "--listener-id", listener["id"])
    assert admin.ok(*update, "--room=ops") == "Event listener successfully updated\n"
    assert "Room: ops" in admin.ok("event", "listener", "list")


def test_it_has_manual_pages(admin, tmp_path):
    admin.ok("--man-pages", str(tmp_path / "man"))
    page = tmp_path / "man" / "pulp-admin-event-listener-chat-create.1"
    assert "incoming webhook of the room" in page.read_text()
    if shutil.which("man"):
        command = ["man", "--warnings", "-l", str(page)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr == ""


def test_the_broken_one_is_named_with_its_reason_and_harms_nothing(admin):
    plugins = {plugin["name"]: plugin for plugin in json.loads(admin.ok("event", "plugin", "list", "--json"))}
    assert plugins["chat"]["state"] == "loaded" and plugins["chat"]["distribution"] == "pulp-events-chat"
    assert plugins["chat"]["version"] == "1.2" and plugins["chat"]["notifier_types"] == ["chat"]
    assert plugins["broken"]["state"] == "failed"
    assert "a_module_that_nobody_has_installed" in plugins["broken"]["reason"]
    assert {"email", "http", "amqp"} <= set(plugins)
    done = admin("event", "config", "check")
    assert done.returncode == 1 and re.search(r"problem +plugin broken", done.stdout)
