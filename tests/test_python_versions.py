"""The versions of Python that the packages name are those that `.ci/install-pythons` gets and `.ci/run` tests with."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    path.parent.relative_to(ROOT).as_posix(): tomllib.loads(path.read_text("utf-8"))["project"]
    for path in [ROOT / "core/pyproject.toml", ROOT / "cli/pyproject.toml", ROOT / "receiver/pyproject.toml",
                 *sorted((ROOT / "plugins").glob("*/pyproject.toml"))]
}  # fmt: skip
TESTED_WITH_EACH = ("core", "cli", "plugins/email", "plugins/http", "plugins/amqp")


def named(package):
    """Minor versions of Python 3 in its classifiers."""
    found = [
        re.fullmatch(r"Programming Language :: Python :: 3\.(\d+)", each) for each in PACKAGES[package]["classifiers"]
    ]
    return [int(each[1]) for each in found if each]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_oldest_version_that_is_named_is_the_oldest_that_it_installs_on(package):
    assert PACKAGES[package]["requires-python"] == f">=3.{min(named(package))}"


def test_what_the_quick_tests_run_with_is_one_range_without_gaps():
    assert {tuple(named(each)) for each in TESTED_WITH_EACH} == {tuple(named("core"))}
    assert named("core") == list(range(min(named("core")), max(named("core")) + 1)) and len(named("core")) > 1


@pytest.mark.parametrize("text", ["README.md", "CONTRIBUTING.md"])
def test_the_documents_name_the_same_range(text):
    first, *_, last = named("core")
    assert f"Python 3.{first} to 3.{last}" in " ".join((ROOT / text).read_text("utf-8").split())


def test_a_python_that_is_in_the_path_is_found_and_one_that_does_not_exist_is_named(tmp_path):
    """Without apt, which would be asked for the one that is missing."""
    here = "{}.{}".format(*sys.version_info)
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / f"python{here}").symlink_to(sys.executable)
    for each in ("bash", "dirname", "id", "mkdir"):
        (bin_folder / each).symlink_to(Path("/usr/bin") / each)
    done = subprocess.run(
        [str(ROOT / ".ci/install-pythons"), here, "3.99"],
        env={"PATH": str(bin_folder), "HOME": str(tmp_path), "PULP_EVENTS_PYTHONS": str(tmp_path / "none")},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 1
    version = subprocess.run([done.stdout.strip(), "--version"], capture_output=True, text=True).stdout
    assert version.startswith(f"Python {here}.")
    assert "Python 3.99 is not here: install it" in done.stderr
