"""Imports run one way: cli → core, plugins → core; SQL stays in its store; core stays light."""

import ast
import functools
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {path.name: path for path in [ROOT / "core/src/pulp_events", ROOT / "cli/src/pulp_events_cli",
                                         *(ROOT / "plugins").glob("*/src/pulp_events_*")]
            if path.is_dir() and not path.name.endswith(".egg-info")}  # fmt: skip
TRANSPORTS = {"argparse", "requests", "urllib3", "smtplib", "proton", "http", "aiosmtpd", "psycopg"}
SERVERS_OF_THE_KIT = {"http", "aiosmtpd"}
"""What several notifiers are tested with. A server that only one needs belongs to that notifier's package."""


def modules(package):
    return sorted(PACKAGES[package].rglob("*.py"))


@functools.cache  # hundreds of files: each is parsed once, for all tests here
def looked_at(path):
    """The nodes of a file that import something, wherever in it, and its texts, `(line, text)`."""
    imports, texts = [], []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.append((node.lineno, node.value))
    return imports, texts


def imported(path):
    """Names of the modules that a file imports."""
    for node in looked_at(path)[0]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module


def test_all_packages_are_looked_at():
    assert {"pulp_events", "pulp_events_cli", "pulp_events_email", "pulp_events_http", "pulp_events_amqp"} <= set(
        PACKAGES
    )


BUILDS_ON = {
    "pulp_events_django": {"pulp_events_cli", "pulp_events_postgres"},  # manage.py pulp_events; its database's url
    "pulp_events_pulpcore": {"pulp_events_postgres"},
}
"""Packages of ours that bring others into a framework: which these are. All else builds on core alone."""


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_itself_and_core(package):
    for path in modules(package):
        for name in imported(path):
            top = name.split(".")[0]
            if top.startswith("pulp_events"):
                assert top in {package, "pulp_events"} | BUILDS_ON.get(package, set()), f"{path} imports {name}"


def test_the_plugin_of_pulp_cli_imports_nothing_of_ours():
    """It speaks to Pulp's REST API, from a machine that has none of our packages."""
    folder = ROOT / "plugins/pulp-cli/src"
    names = {name.split(".")[0] for path in folder.rglob("*.py") for name in imported(path)}
    assert names and not [name for name in names if name.startswith("pulp_events")]


def test_no_module_of_ours_outside_the_app_of_pulpcore_imports_it():
    """Everything else works where there is no Pulp; its own app is loaded by Pulp alone, its test kit starts one."""
    for path in (path for package in PACKAGES for path in modules(package)):
        if path.is_relative_to(ROOT / "plugins/pulpcore") or path.is_relative_to(ROOT / "plugins/django"):
            continue
        names = {name.split(".")[0] for name in imported(path)}
        assert not names & {"pulpcore", "django"}, f"{path}"


@pytest.mark.parametrize("package", ["pulp_events_pulpcore", "pulp_events_django"])
def test_the_hooks_of_the_plugin_of_a_framework_are_imported_without_it(package):
    """`pulp-admin` loads them in any environment that has the package."""
    source = str(PACKAGES[package].parent)
    code = f"import sys; sys.path.insert(0, {source!r}); import {package}.plugin; print(*sys.modules)"
    names = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not names & {"django", "pulpcore"}


def test_core_imports_no_transport_but_the_servers_of_its_test_kit():
    for path in modules("pulp_events"):
        forbidden = TRANSPORTS - (SERVERS_OF_THE_KIT if "testing" in path.parts else set())
        names = {name.split(".")[0] for name in imported(path)}
        assert not names & forbidden, f"{path} imports {names & forbidden}"


def test_there_is_no_sql_outside_a_store():
    statement = re.compile(r"\b(SELECT .* FROM|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|PRAGMA)\b")
    for package in PACKAGES:
        if package == "pulp_events_postgres":
            continue
        for path in modules(package):
            if "sqlite" in path.parts or path.match("pulp_events_pulpcore/app/records.py"):
                continue
            if path.match("pulp_events_pulpcore/testing/*.py"):  # looks at the database of a real Pulp
                continue
            for line, text in looked_at(path)[1]:
                assert not statement.search(text), f"{path}:{line}"


def test_importing_the_package_and_its_names_imports_no_transport_and_no_event_loop():
    code = "import sys, pulp_events\nfor name in pulp_events.__all__: getattr(pulp_events, name)\nprint(*sys.modules)"
    names = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not names & {"requests", "smtplib", "proton", "argparse", "asyncio", "filelock", "jinja2", "jmespath", "ssl"}


NO_PLUGINS = ("pulp_events", "pulp_events_cli", "pulp_events_fastapi")


@pytest.mark.parametrize("package", [name for name in PACKAGES if name not in NO_PLUGINS])
def test_importing_a_plugin_imports_no_transport(package):
    source = str(PACKAGES[package].parent)
    code = f"import sys; sys.path.insert(0, {source!r}); import {package}; print(*sys.modules)"
    names = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not names & {"requests", "urllib3", "smtplib", "proton", "jinja2", "ssl", "apprise", "email_validator"}


CIRCLES = {
    ("pulp_events.notifier", "pulp_events.listeners.listeners"): (
        "the type of what a notifier's action is given: the listeners of the bus, which are checked by notifiers"
    ),
}
"""Imports that close a circle, and why each may."""


def imports_within(package):
    """`(module, what it imports)` for each import from one module of a package to another: also those made later,
    in a function, and for types alone, as a reader follows them all."""
    files = {name_of(path): path for path in modules(package)}
    for module, path in files.items():
        for node in looked_at(path)[0]:
            names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                inner = [f"{node.module}.{name}" for name in names]
                names = [name if name in files else node.module for name in inner]
            yield from ((module, name) for name in names if name in files and name != module)


def name_of(path):
    source = next(each.parent for each in PACKAGES.values() if path.is_relative_to(each))
    return ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")


def circle(imports):
    """Modules that import each other in a circle; None if there is none."""
    graph = {}
    for module, other in imports:
        graph.setdefault(module, set()).add(other)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return None


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_import_each_other_in_no_circle(package):
    found = set(imports_within(package))
    assert len(found) >= len(modules(package)) // 2, "imports are not recognised"
    assert circle(found - set(CIRCLES)) is None


def test_what_may_close_a_circle_does():
    found = {each for package in PACKAGES for each in imports_within(package)}
    for module, other in CIRCLES:
        assert (module, other) in found and circle(found - set(CIRCLES) | {(module, other)}), (
            f"{module} may import {other} as anything else: there is no circle"
        )


@pytest.mark.parametrize("text", ["import pulp_events.b", "def f():\n from pulp_events import b",
                                  "if TYPE_CHECKING:\n from pulp_events.b import B"])  # fmt: skip
def test_a_circle_is_found_however_it_is_imported(text, tmp_path, monkeypatch):
    (tmp_path / "pulp_events").mkdir()
    monkeypatch.setitem(PACKAGES, "pulp_events", tmp_path / "pulp_events")
    (tmp_path / "pulp_events/a.py").write_text(text)
    (tmp_path / "pulp_events/b.py").write_text("from pulp_events.a import A")
    assert circle(imports_within("pulp_events"))


def rooms():
    """The rooms of core as docs/architecture.md lists them: for each row its files and folders."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    table = text.partition("\n## Rooms of core\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def test_rooms_of_core_import_only_from_those_above_them():
    places = {path: number for number, row in enumerate(rooms()) for path in row}
    assert len(places) > 20, "the table is not recognised"
    package = PACKAGES["pulp_events"]
    for place in places:
        assert (package / place).exists(), f"{place} is not there"

    def row_of(path):
        parts = path.relative_to(package)
        for place in (str(parts), *(f"{parent}/" for parent in parts.parents)):
            if place in places:
                return places[place]
        raise AssertionError(f"{parts} has no room in docs/architecture.md")

    row_of_module = {name_of(path): row_of(path) for path in modules("pulp_events")}
    wrong = [
        f"{module} imports {other}"
        for module, other in imports_within("pulp_events")
        if row_of_module[other] > row_of_module[module] and (module, other) not in CIRCLES
    ]
    assert wrong == []


def test_core_names_no_module_of_a_plugin_even_as_text():
    """`import_module("pulp_events_http")` would be an import too."""
    others = [name for name in PACKAGES if name != "pulp_events"]
    for path in modules("pulp_events"):
        if "testing" in path.parts:
            continue
        for line, text in looked_at(path)[1]:
            assert not any(name in text for name in others), f"{path}:{line}"
