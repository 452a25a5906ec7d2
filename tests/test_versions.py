"""All distributions have one version, and require each other in the range that `scripts/set-version` writes."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pulp_events_cli.release_range import release_range

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [
    *(ROOT / name for name in ("core", "cli", "receiver")),
    *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml")),
]
PROJECTS = {folder: tomllib.loads((folder / "pyproject.toml").read_text("utf-8")) for folder in FOLDERS}
CORE = PROJECTS[ROOT / "core"]["project"]
OURS = {each["project"]["name"] for each in PROJECTS.values()}


def requirements(content):
    """All that a distribution requires, extras too."""
    extras = content["project"].get("optional-dependencies", {}).values()
    return [*content["project"]["dependencies"], *(text for extra in extras for text in extra)]


def test_all_have_one_version():
    assert {each["project"]["version"] for each in PROJECTS.values()} == {CORE["version"]}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_ours_require_each_other_in_one_range(folder):
    own = PROJECTS[folder]["project"]["name"]
    for text in requirements(PROJECTS[folder]):
        name, rest = re.fullmatch(r"([\w.-]+)(?:\[[^]]*\])?(.*)", text).groups()
        if name in OURS and name != own:
            assert rest == release_range("pulp-events"), text


def test_one_install_brings_what_one_wants():
    """Each of our distributions that works with core is an extra of it, by the name of its folder."""
    extras = CORE["optional-dependencies"]
    for folder, content in PROJECTS.items():
        name = content["project"]["name"]
        if any(text.startswith("pulp-events") for text in content["project"]["dependencies"]):
            assert extras[folder.name] == [f"{name}{release_range('pulp-events')}"]


@pytest.mark.slow
def test_a_new_version_is_set_in_all_places(tmp_path):
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no clone")
    named = "*.py", "*.md", "*.toml", "set-version", "Containerfile"
    for name in listed.stdout.splitlines():
        if any(Path(name).match(each) for each in named):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    for command in (["git", "init", "-q"], ["git", "add", "."], [sys.executable, "scripts/set-version", "3.4.5"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    content = [tomllib.loads((tmp_path / each.relative_to(ROOT) / "pyproject.toml").read_text()) for each in FOLDERS]
    assert {each["project"]["version"] for each in content} == {"3.4.5"}
    ranges = [
        text for each in content for text in requirements(each) if re.match(r"pulp-events[-a-z]*(\[\w+\])?>", text)
    ]
    assert len(ranges) > 20 and all(text.endswith(">=3.4,<4") for text in ranges)
    for name in ("README.md", "Containerfile", "docs/operations.md"):
        now, before = (each.read_text("utf-8") for each in (tmp_path / name, ROOT / name))
        assert now.count("3.4.5") == before.count(CORE["version"]) > 0, name
    assert ">=3.4,<4" in (tmp_path / "docs/notifier-tutorial.md").read_text("utf-8")
    assert 'pulp_events_api = ">=1.0,<2"' in (tmp_path / "docs/stability.md").read_text("utf-8"), "another number"


@pytest.mark.parametrize("argument", ["1.0", "v1.0.0", "0.2.0", "1.0.0rc1"])
def test_what_is_no_version_is_refused(argument):
    done = subprocess.run([sys.executable, ROOT / "scripts/set-version", argument], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr == "usage: scripts/set-version MAJOR.MINOR.PATCH\n"
