"""Imports run one way: cli → core, plugins → core; SQL stays in its store; core stays light."""

import ast
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


def imported(path):
    """Names of the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module


def test_all_packages_are_looked_at():
    assert {"pulp_events", "pulp_events_cli", "pulp_events_email", "pulp_events_http", "pulp_events_amqp"} <= set(
        PACKAGES
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_itself_and_core(package):
    for path in modules(package):
        for name in imported(path):
            top = name.split(".")[0]
            if top.startswith("pulp_events"):
                assert top in (package, "pulp_events"), f"{path} imports {name}"


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
            if "sqlite" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    assert not statement.search(node.value), f"{path}:{node.lineno}"


def test_importing_the_package_and_its_names_imports_no_transport_and_no_event_loop():
    code = "import sys, pulp_events\nfor name in pulp_events.__all__: getattr(pulp_events, name)\nprint(*sys.modules)"
    names = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not names & {"requests", "smtplib", "proton", "argparse", "asyncio", "filelock", "jinja2", "jmespath", "ssl"}


@pytest.mark.parametrize("package", [name for name in PACKAGES if name not in ("pulp_events", "pulp_events_cli")])
def test_importing_a_plugin_imports_no_transport(package):
    source = str(PACKAGES[package].parent)
    code = f"import sys; sys.path.insert(0, {source!r}); import {package}; print(*sys.modules)"
    names = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not names & {"requests", "urllib3", "smtplib", "proton", "jinja2", "ssl", "apprise", "email_validator"}


ONLY_FOR_TYPES = {
    ("turn", "services"): "a turn uses what all turns share, and that holds the event loops that run turns",
    ("event_loops", "turn"): "a loop keeps the turn of each task, to name the one that blocks it",
    ("route", "turn"): "a route keeps the turns at work for it",
    ("health", "recorder"): "the recorder has health looked after, with what it judged",
}
"""Imports in `pulp_events.dispatcher` that are made under TYPE_CHECKING, and what each is for. They would close a
circle, so a new one needs a reason."""


def imports_in_dispatcher():
    """`(module, what it imports, only for types)` for each import from one file of the dispatcher to another."""
    folder = PACKAGES["pulp_events"] / "dispatcher"
    files = {path.stem for path in folder.glob("*.py")}
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        guarded = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{name}" for name in names)]
            for name in names:
                package, _, module = name.rpartition(".")
                if package == "pulp_events.dispatcher" and module in files:
                    yield path.stem, module, node in guarded


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


def test_the_dispatcher_imports_in_no_circle():
    found = list(imports_in_dispatcher())
    assert len(found) > 50, "imports are not recognised"
    assert circle((module, other) for module, other, _ in found if (module, other) not in ONLY_FOR_TYPES) is None


def test_what_the_dispatcher_imports_only_for_types_has_a_reason():
    """A circle of types alone is none at run time, and still one for the reader."""
    found = list(imports_in_dispatcher())
    assert {(module, other) for module, other, only_for_types in found if only_for_types} == set(ONLY_FOR_TYPES)
    for module, other in ONLY_FOR_TYPES:
        assert module in reachable(other, {(one, another) for one, another, _ in found}), (
            f"{module} may import {other} as anything else: there is no circle"
        )


def reachable(module, imports):
    """What a module imports, and what that imports, and so on."""
    seen, left = set(), [module]
    while left:
        here = left.pop()
        new = {other for one, other in imports if one == here} - seen
        seen |= new
        left += new
    return seen


def test_core_names_no_module_of_a_plugin_even_as_text():
    """`import_module("pulp_events_http")` would be an import too."""
    others = [name for name in PACKAGES if name != "pulp_events"]
    for path in modules("pulp_events"):
        if "testing" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not any(name in node.value for name in others), f"{path}:{node.lineno}"
