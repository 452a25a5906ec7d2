"""`pulp-admin event plugin new`: from nothing to an installed plugin whose tests are green, as its author would go.

The environment is a new one that sees this project's packages through a .pth file, so that nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import re
import site
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

from pulp_events.testing.http_sink import HttpSink
from pulp_events_cli.scaffold import kinds

CORE = Path(__file__).parents[1] / "core/src"

NAME = "team-chat"
KINDS = ("notifier", "event-types", "observer", "command", "listener-store", "outbox")
HOOKS = {
    "notifier": {"pulp_notifiers"},
    "event-types": {"pulp_before_emit", "pulp_event_types"},
    "observer": {"pulp_delivery_attempted", "pulp_settings_sections"},
    "command": {"pulp_admin_commands"},
    "listener-store": {"pulp_listener_store", "pulp_settings_sections"},
    "outbox": {"pulp_outbox", "pulp_settings_sections"},
}
NOT_ASKED = {"notifier": 12, "event-types": 1, "listener-store": 7}
"""Claims that are skipped, as they are about what there is not: batches, windows, several targets, a limit of the
receiver's, a server that the test could restart; an enricher that only computes, so that it cannot fail; a store of
listeners that remembers no event types."""
QUICK_CLAIMS = "answer or rejection or credentials or references or code_point or api_takes"
"""Of the notifier's contract, what takes no waiting; the whole of it is run with the slow tests."""
OF_EARLY_3_12 = "ignore:Binding:DeprecationWarning"
"""See pyproject.toml."""
SECRET = "t0ken-of-the-team"


class Author:
    """Somebody with an environment, a folder and a server.conf of their own."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.kind = kind
        self.package = folder / f"pulp-events-{NAME}"
        venv.create(folder / "venv", symlinks=True)
        self.python = folder / "venv" / "bin" / "python"
        self.library = next((folder / "venv" / "lib").glob("python*/site-packages"))
        # addsitedir also follows the .pth files there, which editable installations are made of
        packages = [path for path in site.getsitepackages() if Path(path).is_dir()]
        lines = [f"import site; site.addsitedir({path!r})\n" for path in packages]
        (self.library / "project.pth").write_text("".join(lines))
        config = folder / "server.conf"
        config.write_text(f"[events]\ndata_dir = {folder / 'data'}\n")
        self.variables = {**os.environ, "PULP_EVENTS_CONFIG": str(config), "COLUMNS": "80"}
        self.variables.pop("PULP_EVENTS_BLOCK", None)

    def run(self, *words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), "-m", *words]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.variables, cwd=folder or self.folder, timeout=400
        )

    def admin(self, *words: str) -> str:
        done = self.run("pulp_events_cli", "event", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def install(self) -> None:
        """What `pip install -e .` leaves behind, made without a build backend."""
        project = tomllib.loads((self.package / "pyproject.toml").read_text("utf-8"))["project"]
        metadata = self.library / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        metadata.mkdir()
        requires = "".join(f"Requires-Dist: {each}\n" for each in project["dependencies"])
        head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (metadata / "METADATA").write_text(head + requires)
        points = "".join(f"{key} = {value}\n" for key, value in project["entry-points"]["pulp_events"].items())
        (metadata / "entry_points.txt").write_text(f"[pulp_events]\n{points}")
        (self.library / f"{NAME}.pth").write_text(f"{self.package / 'src'}\n")


@pytest.fixture(scope="module", params=KINDS)
def author(request, tmp_path_factory):
    made = Author(tmp_path_factory.mktemp("author"), request.param)
    made.admin("plugin", "new", NAME, f"--kind={request.param}")
    made.install()
    return made


@pytest.fixture(scope="module")
def author_of_a_notifier(tmp_path_factory):
    made = Author(tmp_path_factory.mktemp("author"), "notifier")
    made.admin("plugin", "new", NAME)
    made.install()
    return made


def test_there_is_a_test_for_each_kind():
    assert tuple(kinds.KINDS) == KINDS


@pytest.mark.slow
@pytest.mark.timeout(450)
def test_its_tests_are_green_and_none_is_skipped_that_could_run(author):
    done = author.run("pytest", "-q", "-p", "no:cacheprovider", folder=author.package)
    assert done.returncode == 0, done.stdout
    skipped = f", {NOT_ASKED[author.kind]} skipped" if author.kind in NOT_ASKED else ""
    assert re.search(rf"^\d+ passed{skipped} in ", done.stdout.splitlines()[-1]), done.stdout


@pytest.mark.slow
def test_a_new_notifier_passes_the_quick_claims_of_its_contract(author_of_a_notifier):
    author = author_of_a_notifier
    how = ("-q", "-p", "no:cacheprovider", "-W", OF_EARLY_3_12, "-k", QUICK_CLAIMS)
    done = author.run("pytest", *how, folder=author.package)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^[6-9] passed, \d+ deselected in ", done.stdout.splitlines()[-1]), done.stdout


@pytest.mark.sample(2)
def test_it_is_listed_as_loaded(author):
    plugins = {plugin["name"]: plugin for plugin in json.loads(author.admin("plugin", "list", "--json"))}
    found = plugins[NAME]
    assert (found["state"], found["distribution"], found["version"]) == ("loaded", f"pulp-events-{NAME}", "0.1.0")
    assert set(found["hooks"]) == HOOKS[author.kind]
    of_server_conf = author.kind not in ("event-types", "command")
    assert found["settings_sections"] == [NAME] * of_server_conf
    assert found["notifier_types"] == [NAME] * (author.kind == "notifier")


@pytest.mark.slow
@pytest.mark.sample(3)
def test_it_passes_the_check_of_installed_plugins(author):
    findings = json.loads(author.admin("plugin", "check", NAME, "--json"))["findings"]
    assert {each["what"] for each in findings if each["state"] == "problem"} == set()
    assert {"registered", "versions", "imports", "load time"} <= {each["what"] for each in findings}


@pytest.mark.slow
def test_its_listeners_get_events_and_keep_their_secret(author_of_a_notifier):
    author = author_of_a_notifier
    with HttpSink() as sink:
        create = ("listener", NAME, "create", "--event-type=repo.#", f"--url={sink.url}/hook", f"--token={SECRET}")
        assert author.admin(*create) == "Event listener successfully created\n"
        emitted = author.admin("emit", "repo.sync.start", '--payload={"repo_id": "pulp2"}')
        assert "delivered  200 OK" in emitted
        (request,) = sink.requests
    assert json.loads(request.body)["payload"] == {"repo_id": "pulp2"}
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in emitted + author.admin("listener", "list") + author.admin("listener", "list", "--json")


def test_its_files_are_as_tidy_as_ours(author):
    pytest.importorskip("ruff")
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--line-length=120"]
    for command in (["check", *options, "--select=E,F,W,I,B,UP,SIM,PTH,BLE"], ["format", "--check", *options]):
        done = subprocess.run([*ruff, *command, "."], cwd=author.package, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    assert not [path for path in author.package.rglob("*.py") if "$" in path.read_text("utf-8")]


@pytest.mark.slow
def test_a_strict_type_checker_finds_nothing(author):
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "src"]
    environment = {**os.environ, "MYPYPATH": os.pathsep.join([str(author.package / "src"), str(CORE)])}
    done = subprocess.run(command, cwd=author.package, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(450)
@pytest.mark.parametrize("kind", KINDS)
def test_the_two_commands_that_it_tells_the_author(tmp_path, kind):
    """With pip, which fetches the build backend: skipped where it cannot."""
    author = Author(tmp_path, kind)
    author.admin("plugin", "new", NAME, f"--kind={kind}")
    pip = [sys.executable, "-m", "pip", "--python", str(author.python), "--disable-pip-version-check", "--retries=0"]
    done = subprocess.run([*pip, "install", "-e", ".[test]"], cwd=author.package, capture_output=True, text=True)
    if "Could not find a version that satisfies the requirement setuptools" in done.stderr:
        pytest.skip("pip cannot fetch setuptools here")
    assert done.returncode == 0, done.stderr
    done = author.run("pytest", "-q", folder=author.package)
    assert done.returncode == 0, done.stdout
    assert f" {NAME} " in author.admin("plugin", "list").replace("\n", " ")
