"""`scripts/prepare-release`: what it refuses, what it writes, and how it goes on, in a small clone."""

import datetime
import json
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org")
KEEPS = """\
import sys
from pathlib import Path
if Path("{name}.fails").exists():
    sys.exit("no database")
for name in {files}:
    path = Path("tests/upgrades") / name.format(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("kept")
"""
SETS = """\
import sys
from pathlib import Path
core = Path("core/pyproject.toml")
core.write_text(core.read_text().replace('version = "1.2.3"', f'version = "{sys.argv[1]}"'))
print("renew it:\\n  echo generated > generated")
"""
FILES = {
    "make": ["fixtures/{}/port"],
    "keep_release": ["api/{}.tar.xz", "releases/{}.tar.xz"],
    "contract": ["contract/{}.txt"],
}


@pytest.fixture
def script():
    loader = SourceFileLoader("prepare_release", str(ROOT / "scripts/prepare-release"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = written
    return module


class Clone:
    """A repository with the files that the script edits; what takes minutes is played by scripts of a few lines."""

    def __init__(self, home, programs):
        self.home, self.programs = home, programs

    def write(self, name, content, mode=0o644):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        path.chmod(mode)

    def commit(self):
        for command in (["add", "--all"], ["commit", "-qm", "before"]):
            subprocess.run([*GIT, *command], cwd=self.home, check=True)

    def git(self, *command):
        return subprocess.run([*GIT, *command], cwd=self.home, capture_output=True, text=True, check=True).stdout

    def prepare(self, version):
        identity = {
            f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        return subprocess.run(
            [sys.executable, "scripts/prepare-release", version], cwd=self.home, capture_output=True, text=True,
            env={"PATH": str(self.programs), **identity},
        )  # fmt: skip


@pytest.fixture
def clone(tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "sh"):
        (programs / name).symlink_to(shutil.which(name))
    for name in ("initdb", "pg_dump"):
        (programs / name).symlink_to(shutil.which("true"))
    clone = Clone(tmp_path / "clone", programs)
    edited = "core/pyproject.toml", "cli/src/pulp_events_cli/manual/roff.py", "docs/website/versions.json"
    for name in (*edited, "CHANGELOG.md", "tests/upgrades/agreed.toml", "scripts/prepare-release"):
        clone.write(name, (ROOT / name).read_text("utf-8"))
    core = (ROOT / "core/pyproject.toml").read_text("utf-8")
    clone.write("core/pyproject.toml", core.replace(f'version = "{present()}"', 'version = "1.2.3"', 1))
    clone.write("CHANGELOG.md", "# Changes\n\n## Unreleased\n\n- One.\n\n## 1.2.3 (2026-01-02)\n\n- Zero.\n")
    clone.write("scripts/set-version", SETS)
    clone.write("scripts/setup", "#!/bin/sh\n", 0o755)
    clone.write("tests/upgrades/agreed.toml", '# why\n[[api]]\nwhat = "x"\nwhy = "y"\n')
    for python in (".venv", ".venv-extra"):
        clone.write(f"{python}/bin/python", f'#!/bin/sh\nexec {sys.executable} "$@"\n', 0o755)
    for name, files in FILES.items():
        clone.write(f"tests/upgrades/{name}.py", KEEPS.format(name=name, files=files))
    for name in ("api/1.2.3.tar.xz", "contract/1.2.3.txt", "releases/1.2.3.tar.xz", "releases/0.1.dev8.tar.xz"):
        clone.write(f"tests/upgrades/{name}", "kept")
    clone.write(".gitignore", ".venv*\n*.fails\n")
    clone.git("init", "-q")
    clone.commit()
    return clone


def present():
    return (ROOT / "core/pyproject.toml").read_text("utf-8").split('\nversion = "', 1)[1].split('"', 1)[0]


def test_two_commits_have_it_all(clone):
    began = datetime.date.today()
    done = clone.prepare("1.3.0")
    assert done.returncode == 0, done.stderr
    assert clone.git("log", "--format=%s").splitlines() == ["What 1.3.0 leaves behind", "Version 1.3.0", "before"]
    assert not clone.git("status", "--porcelain") and "git push" in done.stdout
    first = set(clone.git("diff", "--name-only", "HEAD~2", "HEAD~1").split())
    assert first == {
        "CHANGELOG.md", "cli/src/pulp_events_cli/manual/roff.py", "core/pyproject.toml", "docs/website/versions.json",
        "generated",
    }  # fmt: skip
    days = [day.isoformat() for day in (began, datetime.date.today())]
    changelog, roff = (
        (clone.home / path).read_text() for path in ("CHANGELOG.md", "cli/src/pulp_events_cli/manual/roff.py")
    )
    assert any(f"## 1.3.0 ({day})\n\n- One.\n\n## 1.2.3 (2026-01-02)" in changelog for day in days)
    assert any(f'\nDATE = "{day}"\n' in roff for day in days)
    upgrades = clone.home / "tests/upgrades"
    kept = {str(path.relative_to(upgrades)) for path in upgrades.rglob("*") if path.is_file() and path.suffix != ".py"}
    expected = {name.format("1.3.0") for files in FILES.values() for name in files}
    assert kept == {*expected, "releases/0.1.dev8.tar.xz", "agreed.toml"}
    assert (upgrades / "agreed.toml").read_text() == "# why\n"


def test_after_a_failure_it_goes_on_from_the_last_commit(clone):
    clone.write("contract.fails", "")
    failed = clone.prepare("1.3.0")
    assert failed.returncode == 1 and "contract.py 1.3.0` failed" in failed.stderr and "no database" in failed.stderr
    assert "Traceback" not in failed.stderr and clone.git("log", "-1", "--format=%s") == "Version 1.3.0\n"
    version = clone.git("rev-parse", "HEAD")
    (clone.home / "contract.fails").unlink()
    *_, remedy, _ = failed.stderr.strip().splitlines()
    for command in remedy.split(" && "):
        clone.git(*command.split()[1:])
    clone.write("mended", "")
    clone.commit()
    done = clone.prepare("1.3.0")
    assert done.returncode == 0, done.stderr
    assert clone.git("rev-parse", "HEAD~2") == version
    check_refusal(clone, "1.3.0", "1.3.0 has both commits already")


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("1.2.3", "1.2.3 is not greater than the present version, 1.2.3"),
        ("1.1.9", "1.1.9 is not greater than the present version, 1.2.3"),
    ],
)
def test_what_is_not_greater_is_refused(clone, version, line):
    check_refusal(clone, version, line)


def test_a_first_release_has_the_present_version(clone):
    clone.write("CHANGELOG.md", "# Changes\n\n## 1.2.3 (not released)\n\n- One.\n")
    clone.commit()
    done = clone.prepare("1.2.3")
    assert done.returncode == 0, done.stderr


def test_what_changed_must_be_said(clone):
    clone.write("CHANGELOG.md", "# Changes\n\n## 1.2.3 (2026-01-02)\n\n- Zero.\n")
    clone.commit()
    check_refusal(clone, "1.3.0", "CHANGELOG.md begins with 1.2.3 (2026-01-02)")


def test_uncommitted_changes_are_refused(clone):
    clone.write("new", "")
    check_refusal(clone, "1.3.0", "there are uncommitted changes or new files")


def test_what_the_machine_lacks_is_said_first(clone):
    (clone.programs / "pg_dump").unlink()
    check_refusal(clone, "1.3.0", "pg_dump is missing")


def check_refusal(clone, version, line):
    before = clone.git("rev-parse", "HEAD") + clone.git("status", "--porcelain")
    done = clone.prepare(version)
    assert done.returncode == 1 and not done.stdout
    [said] = done.stderr.splitlines()
    assert said.startswith(f"prepare-release: {line}") and said.endswith("Nothing was changed.")
    assert clone.git("rev-parse", "HEAD") + clone.git("status", "--porcelain") == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["1.2", "1.1"], ["1.3", "1.2", "1.1"]),
        (["1.3", "1.2"], ["1.3", "1.2"]),
        (["1.3 (unreleased)"], ["1.3"]),
        (["1.2 (unreleased)", "1.1"], ["1.3", "1.1"]),
    ],
)
def test_the_site_lists_it_as_the_newest(script, before, after):
    versions = [{"folder": name.split()[0], "name": name} for name in before]
    made = json.loads(script.listed(json.dumps({"newest": versions[0]["folder"], "versions": versions}), "1.3.0"))
    assert made == {"newest": "1.3", "versions": [{"folder": name, "name": name} for name in after]}


@pytest.mark.parametrize("program", ["make.py", "keep_release.py", "contract.py"])
def test_nothing_is_kept_under_what_is_no_version(program):
    command = [sys.executable, ROOT / "tests/upgrades" / program]
    for argument in ("v1.1", "x/y", "../1.0.0"):
        done = subprocess.run([*command, argument], capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stderr.endswith(f"{argument!r} is no version such as 1.1.0\n")
