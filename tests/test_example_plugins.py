"""The plugins in examples/plugins, installed beside the shipped ones, do what their READMEs say.

They are installed as pip would: module and metadata in a folder on the module path of new processes.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pulp_events.testing.http_sink import Answer, HttpSink

EXAMPLES = Path(__file__).parents[1] / "examples/plugins"
NAMES = ("audit_log", "enricher", "own_command", "own_event_type")


def install(source, folder):
    """What `pip install --target` makes of a project with one module, or with packages in `src`."""
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))
    name, version = project["project"]["name"], project["project"]["version"]
    for module in project["tool"]["setuptools"].get("py-modules", ()):
        shutil.copy(source / f"{module}.py", folder)
    for package in source.glob("src/*/"):
        shutil.copytree(package, folder / package.name)
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = project["project"]["entry-points"]["pulp_events"]
    (metadata / "entry_points.txt").write_text(
        "[pulp_events]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    for name in NAMES:
        install(EXAMPLES / name, folder)
    return folder


class Host:
    """A machine with the examples: runs Python modules as processes of their own."""

    def __init__(self, installed, folder):
        self.audit_log = folder / "audit.jsonl"
        config = folder / "server.conf"
        config.write_text(f"[events]\ndata_dir = {folder / 'data'}\n[audit-log]\nfile = {self.audit_log}\n")
        self.variables = {
            **os.environ,
            "PYTHONPATH": str(installed),
            "PULP_EVENTS_CONFIG": str(config),
        }

    def python(self, *words):
        command = [sys.executable, *words]
        return subprocess.run(command, env=self.variables, capture_output=True, text=True, timeout=60, check=False)

    def admin(self, *words):
        return self.python("-m", "pulp_events_cli", "event", *words)

    def ok(self, *words):
        done = self.admin(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listen(self, url, event_type):
        self.ok("listener", "http", "create", f"--event-type={event_type}", f"--url={url}/hook")


@pytest.fixture
def host(installed, tmp_path):
    return Host(installed, tmp_path)


def test_all_are_loaded_and_say_what_they_implement(host):
    rows = {row["name"]: row for row in json.loads(host.ok("plugin", "list", "--json"))}
    wanted = {
        "audit-log": ("loaded", ["pulp_delivery_attempted", "pulp_settings_sections"]),
        "enricher": ("loaded", ["pulp_before_emit"]),
        "failures": ("loaded", ["pulp_admin_commands"]),
        "own_event_type": ("loaded", ["pulp_event_types"]),
    }
    assert {name: (rows[name]["state"], rows[name]["hooks"]) for name in wanted} == wanted


def test_the_audit_log_has_each_attempt_and_the_enricher_says_who_emitted(host, pulp_events_http_sink):
    host.listen(pulp_events_http_sink.url, "repo.sync.start")
    host.ok("emit", "repo.sync.start", '--payload={"repo_id": "pulp2"}')
    [request] = pulp_events_http_sink.wait_for(1)
    payload = json.loads(request.body)["payload"]
    assert payload["repo_id"] == "pulp2" and payload["emitted_by"].keys() == {"host", "pid"}
    [line] = map(json.loads, host.audit_log.read_text().splitlines())
    assert (line["delivery"], line["outcome"], line["state"]) == (
        request.headers["pulp-delivery-id"],
        "delivered",
        "delivered",
    )


def test_the_audit_logs_section_is_checked_like_any_other(host):
    assert "file = " in host.ok("config", "show").partition("[audit-log]")[2]
    assert json.loads(host.ok("plugin", "show", "audit-log", "--json"))["settings_sections"] == ["audit-log"]
    config = Path(host.variables["PULP_EVENTS_CONFIG"])
    config.write_text(config.read_text("utf-8").replace("file = ", "flie = "))
    done = host.admin("listener", "list")
    assert done.returncode == 1 and "[audit-log]" in done.stderr and "did you mean 'file'?" in done.stderr


def test_an_observer_that_raises_harms_nothing(host, pulp_events_http_sink):
    host.audit_log.mkdir()
    host.listen(pulp_events_http_sink.url, "repo.sync.start")
    done = host.admin("emit", "repo.sync.start", "-v")
    assert done.returncode == 0 and "delivered" in done.stdout
    assert "audit-log" in done.stderr and "pulp_delivery_attempted failed" in done.stderr
    assert len(pulp_events_http_sink.requests) == 1


@pytest.mark.slow
def test_the_events_of_an_own_type_wait_for_a_worker(host, pulp_events_http_sink):
    host.listen(pulp_events_http_sink.url, "disk.space.low")
    done = host.python("-m", "pulp_events_disk_space", str(host.audit_log.parent), "100.1")
    assert done.returncode == 0, done.stderr
    [delivery] = json.loads(host.ok("delivery", "list", "--json"))
    assert (delivery["event_type"], delivery["state"]) == ("disk.space.low", "pending")
    assert "disk.space.low" in host.ok("types")
    assert host.admin("emit", "disk.space.los").returncode != 0


@pytest.mark.slow
def test_the_own_command_shows_who_fails(host):
    assert host.admin("failures").returncode == 0
    with HttpSink(Answer(404)) as sink:
        host.listen(sink.url, "repo.sync.start")
        host.ok("emit", "repo.sync.start", "--no-wait")
        host.ok("worker", "--drain")  # it stays pending
    done = host.admin("failures")
    assert done.returncode == 1 and done.stdout.endswith("  http  1 failures, the last: 404 Not Found\n")
    [found] = json.loads(host.admin("failures", "--json").stdout)
    assert found["failures"] == 1 and found["detail"].startswith("404 Not Found")
    assert host.ok("failures", "--at-least=2") == ""
    assert "failures since the last success" in host.ok("failures", "--help")


def test_each_readme_installs_its_own_folder():
    assert sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()) == sorted(NAMES)
    made = {path.relative_to(EXAMPLES).parts[0] for path in load_generator().example_plugins()}
    for name in NAMES:
        installs = "pip install -e '.[test]'\n" if name in made else f"pip install ./examples/plugins/{name}\n"
        assert installs in (EXAMPLES / name / "README.md").read_text("utf-8")


def test_examples_of_plugin_new_are_what_it_makes():
    files = load_generator().example_plugins()
    for path, text in files.items():
        assert path.read_text("utf-8") == text, f"{path.relative_to(EXAMPLES)}: run: python docs/generate.py"
    folders = {EXAMPLES / path.relative_to(EXAMPLES).parts[0] for path in files}
    there = {path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert there == set(files)


@pytest.mark.slow
@pytest.mark.parametrize("name", [path.parent.name for path in sorted(EXAMPLES.glob("*/test_*.py"))])
def test_the_tests_of_an_example_are_green(host, name):
    done = host.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", EXAMPLES, str(EXAMPLES / name))
    assert done.returncode == 0 and "skipped" not in done.stdout, done.stdout


def load_generator():
    spec = importlib.util.spec_from_file_location("examples_generator", EXAMPLES.parents[1] / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
