"""`plugin new`: which names it takes, and that it writes all or nothing. tests/test_scaffold.py uses what it wrote."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pulp_events_cli.scaffold import kinds, package

NEW = ("event", "plugin", "new")


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "work"
    made.mkdir()
    return made


def test_it_writes_a_package_and_says_what_comes_next(admin, folder):
    run = admin.ok(*NEW, "team-chat", "--directory", str(folder))
    made = folder / "pulp-events-team-chat"
    assert {"pyproject.toml", "README.md", ".gitignore", ".github/workflows/tests.yml", "tests/test_contract.py",
            "src/pulp_events_team_chat/notifier.py"} <= set(names(made))  # fmt: skip
    assert names(folder)[0] == "pulp-events-team-chat" and len(list(folder.iterdir())) == 1
    assert run.out.endswith(f"\nNext:\n  cd {made}\n  pip install -e '.[test]'\n  pytest\n")
    assert 'pulp-events>=1.0,<2"' in (made / "pyproject.toml").read_text()


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_it_makes_a_package_of_each_kind(admin, folder, kind):
    run = admin.ok(*NEW, "team-chat", "--kind", kind, "--directory", str(folder))
    made = folder / "pulp-events-team-chat"
    assert run.out.startswith(f"{made} contains {package.contents('team-chat', kinds.KINDS[kind])} and its tests:\n")
    project = tomllib.loads((made / "pyproject.toml").read_text())["project"]
    assert "pulp-events>=1.0,<2" in project["dependencies"]
    assert project["entry-points"]["pulp_events"]["team-chat"].split(":")[0] == "pulp_events_team_chat"
    texts = [path.read_text() for path in made.rglob("*") if path.is_file() and path.name != "tests.yml"]
    assert not any("$" in text for text in texts)
    assert any(path.startswith("tests/test_") for path in names(made))


def test_a_kind_that_there_is_not_is_refused(admin, folder):
    run = admin(*NEW, "chat", "--kind", "digest", "--directory", str(folder))
    assert run.code == 2 and "listener-store" in run.err and names(folder) == []


def test_every_template_belongs_to_a_kind():
    used = {f"{template}.template" for kind in kinds.KINDS.values() for template in kind.files.values()}
    folder = Path(package.__file__).with_name("templates")
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.template")} == used


def test_it_is_made_in_the_current_folder(admin, folder, monkeypatch):
    monkeypatch.chdir(folder)
    shown = admin.ok(*NEW, "chat", "--json").json
    assert shown["directory"] == str(folder / "pulp-events-chat")
    assert all((folder / "pulp-events-chat" / path).is_file() for path in shown["files"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Chat", "lower-case"), ("1chat", "starting with a letter"), ("team_chat", "lower-case"), ("a--b", "single -"),
        ("chat-", "single -"), ("", "lower-case"), ("../chat", "lower-case"), ("c" * 41, "at most 40"),
        ("list", "is a command"), ("mute", "is a command"), ("worker", "`pulp-admin event worker`"),
        ("http", "pulp-events-http"), ("amqp", "pulp-events-amqp"),
        ("events", "section of server.conf"), ("messaging", "section of server.conf"), ("cli", "pulp_events_cli"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_is_refused(admin, folder, name, reason):
    run = admin(*NEW, name, "--directory", str(folder))
    assert run.code == 2 and reason in run.err and run.err.count("\n") == 1
    assert names(folder) == []


def test_a_name_that_an_installed_plugin_has_is_refused(admin, folder, with_plugin):
    with_plugin("pager", object())
    run = admin(*NEW, "pager", "--directory", str(folder))
    assert run.code == 2 and "the installed plugin pager" in run.err


@pytest.mark.parametrize("kind", ["file in it", "file", "dangling link", "link to a folder"])
def test_nothing_is_overwritten(admin, folder, kind):
    target = folder / "pulp-events-chat"
    if kind == "file in it":
        target.mkdir()
        (target / "notes").write_text("mine")
    elif kind == "file":
        target.write_text("mine")
    elif kind == "dangling link":
        target.symlink_to(folder / "nowhere")
    else:
        (folder / "other").mkdir()
        target.symlink_to(folder / "other")
    before = names(folder)
    run = admin(*NEW, "chat", "--directory", str(folder))
    assert run.code == 1 and "already exists, so nothing was written" in run.err and run.err.count("\n") == 1
    assert names(folder) == before


def test_an_empty_folder_is_filled(admin, folder):
    (folder / "pulp-events-chat").mkdir()
    admin.ok(*NEW, "chat", "--directory", str(folder))
    assert (folder / "pulp-events-chat" / "pyproject.toml").is_file()


def test_a_folder_that_is_absent_is_not_made(admin, folder):
    run = admin(*NEW, "chat", "--directory", str(folder / "absent"))
    assert run.code == 1 and "is not a folder" in run.err
    assert names(folder) == []


def test_what_fails_halfway_leaves_nothing(admin, folder, monkeypatch):
    monkeypatch.setitem(kinds.COMMON, "tests", "common/py.typed")  # a folder of this name is there by then
    run = admin(*NEW, "chat", "--directory", str(folder))
    assert run.code == 1 and run.err.count("\n") == 1
    assert names(folder) == []


def test_what_somebody_makes_meanwhile_is_safe(admin, folder, monkeypatch):
    render = package.render

    def slow(name, kind):
        (folder / "pulp-events-chat").mkdir()
        (folder / "pulp-events-chat" / "notes").write_text("mine")
        return render(name, kind)

    monkeypatch.setattr(package, "render", slow)
    run = admin(*NEW, "chat", "--directory", str(folder))
    assert run.code == 1 and "already exists" in run.err
    assert names(folder) == ["pulp-events-chat", "pulp-events-chat/notes"]
