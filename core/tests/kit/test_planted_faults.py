"""The contract catches each of the faults that are planted, by the claim that is meant for it."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from pulp_events.testing import NotifierContract

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

TESTS = """
import time
import pytest
import planted
from pulp_events.testing import Answer, Arrival, FaultProxy, HttpSink, NotifierContract

class Endpoint:
    def __init__(self, sink, proxy, notifier_class):
        self.sink, self.proxy = sink, proxy
        self.late = getattr(notifier_class, "late", 0)
        self.config = {"host": "127.0.0.1", "port": proxy.port, "token": "s3cr3t-token"}
        self.config |= getattr(notifier_class, "more_config", {})
    def arrived(self):
        seen = [one for one in list(self.sink.requests) if one.time <= time.time() - self.late]
        return [Arrival(one.body.decode(), one.headers["delivery-id"], one.headers.get("room")) for one in seen]
    def fail(self):
        self.sink.answer = [Answer(503), Answer(200)]
    def fail_for(self, mark):
        self.sink.answer = lambda request: Answer(503 if mark.encode() in request.body else 200)
    def reject(self):
        self.sink.answer = Answer(404)
    def refuse_credentials(self):
        self.sink.answer = Answer(401)
    def restart(self):
        before = self.sink
        before.close()
        self.sink = HttpSink(port=before.port)
        self.sink.requests += before.requests

class FileEndpoint:
    proxy = None
    def __init__(self, path):
        self.path, self.config = path, {"path": str(path)}
        self.aside = path.with_suffix(".aside")
    def fail(self):
        if self.path.exists():
            self.path.rename(self.aside)
        self.path.mkdir()
    def recover(self):
        self.path.rmdir()
        if self.aside.exists():
            self.aside.rename(self.path)
    def arrived(self):
        return [Arrival(line) for line in self.path.read_text("utf-8").splitlines()] if self.path.is_file() else []

class Contract(NotifierContract):
    module = "planted"
    transports = ("http.client",)
    invalid = [{}, {"host": "x", "port": "x", "token": "s3cr3t"}, {"host": "x", "port": 1, "token": "s3cr3t" * 20}]
    arrival_timeout = 2.0
    claim_limit = 8.0
    @pytest.fixture
    def notifier(self):
        return self.notifier_class()
    @pytest.fixture
    def endpoint(self, tmp_path):
        if getattr(self.notifier_class, "endpoint", "") == "file":
            yield FileEndpoint(tmp_path / "file")
            return
        with HttpSink() as sink, FaultProxy(sink.port) as proxy:
            made = Endpoint(sink, proxy, self.notifier_class)
            yield made
            made.sink.close()

def make(notifier_class):
    own = {"notifier_class": notifier_class, **getattr(notifier_class, "contract", {})}
    if hasattr(notifier_class, "claims"):  # the others take time, and say nothing
        names = {name for base in NotifierContract.__mro__ for name in vars(base) if name.startswith("test_")}
        own |= {name: None for name in names - {f"test_{claim}" for claim in notifier_class.claims}}
    return type(f"Test{notifier_class.__name__}", (Contract,), own)

for notifier_class in (*planted.GOOD, *planted.FAULTY):
    globals()[f"Test{notifier_class.__name__}"] = make(notifier_class)
del notifier_class
"""
EAGER = """
import http.client
from planted import *
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Failed claims by notifier class."""
    folder = tmp_path_factory.mktemp("planted")
    source = Path(__file__).with_name("planted.py").read_text()
    (folder / "planted.py").write_text(source)
    (folder / "test_all.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", "-n", "2",
         "--dist", "loadscope", str(folder)],
        cwd=folder, capture_output=True, text=True, timeout=380,
    )  # fmt: skip
    failed = {}
    for name, claim in re.findall(r"^FAILED .*::Test(\w+)::test_(\w+)", done.stdout, re.MULTILINE):
        failed.setdefault(name, set()).add(claim)
    assert " passed" in done.stdout, done.stdout + done.stderr
    return failed


def faulty():
    names = Path(__file__).with_name("planted.py").read_text()
    return re.findall(r"^@fault\(([^)]*)\)\nclass (\w+)", names, re.MULTILINE)


def test_notifiers_without_a_fault_pass_every_claim(results):
    without = runpy.run_path(str(Path(__file__).with_name("planted.py")))["GOOD"]
    assert {each.__name__: results.get(each.__name__) for each in without if each.__name__ in results} == {}


def test_each_claim_about_a_notifier_has_a_fault_that_it_catches():
    meant = {claim for claims, _ in faulty() for claim in re.findall(r'"(\w+)"', claims)}
    claims = {name[5:] for base in NotifierContract.__mro__ for name in vars(base) if name.startswith("test_")}
    # Those about importing are caught below; the other cannot be failed by a notifier that can be registered.
    assert claims - meant == {
        "importing_it_imports_no_transport", "the_command_line_is_made_from_its_schema",
        "importing_it_changes_nothing_of_the_process",
    }  # fmt: skip


@pytest.mark.parametrize(("claims", "name"), faulty(), ids=lambda value: value if value.isidentifier() else "")
def test_each_fault_is_caught_by_the_claim_meant_for_it(results, claims, name):
    meant = set(re.findall(r'"(\w+)"', claims))
    assert meant <= results.get(name, set()), f"caught by {results.get(name)}"


def test_importing_a_transport_with_the_module_is_caught(tmp_path):
    (tmp_path / "planted.py").write_text(Path(__file__).with_name("planted.py").read_text())
    (tmp_path / "eager.py").write_text(EAGER)
    (tmp_path / "test_eager.py").write_text(TESTS.replace('module = "planted"', 'module = "eager"'))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", "-k",
         "TestGood and importing", str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert re.search(r"^FAILED .*::test_importing_it_imports_no_transport", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize("name", runpy.run_path(str(Path(__file__).with_name("planted.py")))["IMPORT_FAULTS"])
def test_what_importing_changes_is_caught(tmp_path, name):
    faults = runpy.run_path(str(Path(__file__).with_name("planted.py")))["IMPORT_FAULTS"]
    (tmp_path / f"{name}.py").write_text(faults[name] + "\n")
    (tmp_path / "test_import.py").write_text(
        "from pulp_events.testing.notifier_contract.process import ProcessClaims\n"
        f"class TestImport(ProcessClaims):\n    module = '{name}'\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-k", "importing", "."],
        cwd=tmp_path, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert f"importing {name} changes what belongs to the whole process" in done.stdout, done.stdout
