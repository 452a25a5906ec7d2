"""The contracts of observers and enrichers catch each planted fault, by the claim that is meant for it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pulp_events.testing import EnricherContract, ObserverContract

sys.path.insert(0, str(Path(__file__).parent))
import planted_hooks as planted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BY_IMPORT = {"importing_it_changes_nothing_of_the_process", "importing_it_imports_no_transport"}
TESTS = """
import pytest
import planted_hooks as planted
from pulp_events.testing import EnricherContract, ObserverContract

class Setup:
    module = "planted_hooks"
    limit = 0.3
    claim_limit = 60.0
    secrets = ("pa55-of-the-plugin",)

    @pytest.fixture
    def plugin(self, tmp_path):
        made = self.planted()
        made.file = tmp_path / "noted"
        return made

    @pytest.fixture
    def fail(self, plugin):
        def make_it_a_folder():
            plugin.file.unlink(missing_ok=True)
            plugin.file.mkdir()
        return make_it_a_folder

class Observer(Setup, ObserverContract):
    @pytest.fixture
    def kept(self, plugin):
        return lambda: plugin.file.read_text().splitlines() if plugin.file.is_file() else []

class Enricher(Setup, EnricherContract):
    adds = ("host",)

def make(planted_class):
    base = Enricher if hasattr(planted_class, "pulp_before_emit") else Observer
    own = {"planted": planted_class}
    if hasattr(planted_class, "claims"):  # the others take time, and say nothing
        names = {name for each in base.__mro__ for name in vars(each) if name.startswith("test_")}
        own |= {name: None for name in names - {f"test_{claim}" for claim in planted_class.claims}}
        own["claim_limit"] = 6.0  # the others end by themselves, on a busy machine later
    return type(f"Test{planted_class.__name__}", (base,), own)

for planted_class in (*planted.GOOD, *planted.FAULTY):
    globals()[f"Test{planted_class.__name__}"] = make(planted_class)
del planted_class
"""
IMPORTED = {
    "importing_it_changes_nothing_of_the_process": "import socket; socket.setdefaulttimeout(5)",
    "importing_it_imports_no_transport": "import http.client",
}


def run_pytest(folder, *options):
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", *options, "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280)
    failed = {}
    for name, claim in re.findall(r"^FAILED .*::Test(\w+)::test_(\w+)", done.stdout, re.MULTILINE):
        failed.setdefault(name, set()).add(claim)
    assert re.search(r"\d (passed|failed)", done.stdout), done.stdout + done.stderr
    assert "error" not in done.stdout.splitlines()[-1], done.stdout
    return failed


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Failed claims by plugin."""
    folder = tmp_path_factory.mktemp("planted")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(planted.__file__).parent, folder / "planted_hooks", ignore=ignored)
    (folder / "test_all.py").write_text(TESTS)
    return run_pytest(folder, "-n", "2", "--dist", "loadscope")


FAULTY = {each.__name__: each.claims for each in planted.FAULTY}


def test_plugins_without_a_fault_pass_every_claim(results):
    assert {each.__name__: results[each.__name__] for each in planted.GOOD if each.__name__ in results} == {}


def test_each_claim_has_a_fault_that_it_catches():
    claims = {
        name[5:]
        for contract in (ObserverContract, EnricherContract)
        for base in contract.__mro__
        for name in vars(base)
        if name.startswith("test_")
    }
    assert claims == {claim for each in FAULTY.values() for claim in each} | BY_IMPORT


@pytest.mark.parametrize("name", FAULTY)
def test_each_fault_is_caught_by_the_claims_meant_for_it(results, name):
    assert set(FAULTY[name]) <= results.get(name, set()), f"caught by {results.get(name)}"


@pytest.mark.parametrize("claim", IMPORTED)
def test_what_importing_does_is_caught(tmp_path, claim):
    (tmp_path / "planted_import.py").write_text(IMPORTED[claim] + "\n")
    (tmp_path / "test_import.py").write_text(
        "from pulp_events.testing import ObserverContract\n"
        "class TestImport(ObserverContract):\n    module = 'planted_import'\n    transports = ['http.client']\n"
    )
    assert run_pytest(tmp_path, "-k", "importing")["Import"] == {claim}
