"""The contract catches each of the faults that are planted, by the claim that is meant for it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pulp_events.testing import NotifierContract

sys.path.insert(0, str(Path(__file__).parent))
import planted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ALL = """
import planted
from planted.contracts import make

for notifier_class in (*planted.GOOD, *planted.FAULTY):
    globals()[f"Test{notifier_class.__name__}"] = make(notifier_class)
del notifier_class
"""
EAGER = """
import planted
from planted.contracts import make

TestGood = make(planted.GOOD[0], module="eager")
"""


def run(folder, test, *options):
    """Run a file of tests beside the planted notifiers, in a pytest of its own; what that prints."""
    shutil.copytree(Path(planted.__file__).parent, folder / "planted", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "test_all.py").write_text(test)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *options, str(folder)],
        cwd=folder, capture_output=True, text=True, timeout=580,
    )  # fmt: skip
    assert re.search(r"\d (passed|failed)", done.stdout), done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    return run(folder, ALL, "--tb=short", "-n", "2", "--dist", "loadscope")


@pytest.fixture(scope="module")
def results(output):
    """Failed claims by notifier class."""
    failed = {}
    for name, claim in re.findall(r"^(?:FAILED|ERROR) .*::Test(\w+)::test_(\w+)", output, re.MULTILINE):
        failed.setdefault(name, set()).add(claim)
    return failed


def test_notifiers_without_a_fault_pass_every_claim(results, output):
    failed = {each.__name__: results[each.__name__] for each in planted.GOOD if each.__name__ in results}
    assert failed == {}, output


def test_each_claim_about_a_notifier_has_a_fault_that_it_catches():
    meant = {claim for notifier in planted.FAULTY for claim in notifier.claims}
    claims = {name[5:] for base in NotifierContract.__mro__ for name in vars(base) if name.startswith("test_")}
    # Those about importing are caught below; the other cannot be failed by a notifier that can be registered.
    assert claims - meant == {
        "importing_it_imports_no_transport", "the_command_line_is_made_from_its_schema",
        "importing_it_changes_nothing_of_the_process",
    }  # fmt: skip


@pytest.mark.parametrize("notifier", planted.FAULTY, ids=lambda notifier: notifier.__name__)
def test_each_fault_is_caught_by_the_claim_meant_for_it(results, notifier):
    found = results.get(notifier.__name__, set())
    assert set(notifier.claims) <= found, f"caught by {found}"


def test_what_ends_the_process_is_named(output):
    assert "with a working endpoint, the process ends with status 7, as by os._exit()" in output
    assert "with the fault refuse, a signal ends the process (SIGKILL)" in output
    assert "it ends the whole process with os._exit(7) in exit_when_late(), process.py" in output


def test_importing_a_transport_with_the_module_is_caught(tmp_path):
    (tmp_path / "eager.py").write_text("import http.client\nfrom planted import *\n")
    told = run(tmp_path, EAGER, "--tb=no", "-k", "importing")
    assert re.search(r"^FAILED .*::test_importing_it_imports_no_transport", told, re.MULTILINE), told


@pytest.mark.parametrize("name", planted.IMPORT_FAULTS)
def test_what_importing_changes_is_caught(tmp_path, name):
    (tmp_path / f"{name}.py").write_text(planted.IMPORT_FAULTS[name] + "\n")
    test = (
        "from pulp_events.testing.notifier_contract.process import ProcessClaims\n"
        f"class TestImport(ProcessClaims):\n    module = '{name}'\n"
    )
    told = run(tmp_path, test, "--tb=short", "-k", "importing")
    assert f"importing {name} changes what belongs to the whole process" in told
