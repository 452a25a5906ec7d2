"""`~` in what a command line names: a home folder, or one line that names the option."""

from __future__ import annotations

import pwd

import pytest

from pulp_events_cli.completion import values

NOBODY = "~no-such-user-here/file"
EVENT = ("event", "emit", "repo.sync.start")
HTTP = ("event", "listener", "http", "create", "--event-type=*", "--url=https://ci.example/", "--username=u")

NAMING = {
    "--payload": (*EVENT, "--payload=@{}"),
    "--call-report": (*EVENT, "--call-report=@{}"),
    "--output": ("event", "listener", "export", "--output={}"),
    "--file": ("event", "listener", "apply", "--file={}"),
    "--directory": ("event", "plugin", "new", "siren", "--directory={}"),
    "--man-pages": ("--man-pages={}",),
    "--password": (*HTTP, "--password=file:{}"),
    "FILE of backup": ("event", "backup", "{}"),
    "FILE of restore": ("event", "restore", "{}"),
    "FILE of recover": ("event", "recover", "{}"),
}


def command(what, path):
    return [word.format(path) for word in NAMING[what]]


@pytest.mark.parametrize("what", NAMING)
def test_a_user_who_is_unknown_is_a_wrong_option_in_one_line(admin, what):
    before = admin.stored()
    run = admin(*command(what, NOBODY))
    assert run.code == 2 and run.err.count("\n") == 1 and "Traceback" not in run.err
    assert what.partition(" ")[0] in run.err and NOBODY in run.err
    assert "a name that is not a user of this machine; write the path out" in run.err
    assert admin.stored() == before


def test_of_a_file_that_may_be_a_secret_nothing_is_shown(admin):
    run = admin(*HTTP, f"--password=@{NOBODY}")
    assert run.code == 2 and "--password" in run.err and "not a user of this machine" in run.err
    assert NOBODY not in run.err and run.err.count("\n") == 1


@pytest.mark.parametrize("variable", ["--config", "PULP_EVENTS_CONFIG"])
def test_so_it_is_for_server_conf(admin, monkeypatch, variable):
    monkeypatch.setenv("PULP_EVENTS_CONFIG", NOBODY)
    words = ["--config", NOBODY] if variable == "--config" else []
    run = admin(*words, "event", "types")
    assert run.code == 1 and run.err.count("\n") == 1 and NOBODY in run.err and "not a user of this machine" in run.err
    assert ("PULP_EVENTS_CONFIG" if not words else "server.conf") in run.err


@pytest.mark.parametrize("key", ["outbox", "data_dir"])
def test_and_for_a_setting(admin, key):
    admin.config.write_text(f"[events]\ndata_dir = {admin.data}\n".replace(f"{admin.data}", NOBODY))
    if key == "outbox":
        admin.configure(f"outbox = {NOBODY}\n")
    run = admin(*EVENT, '--payload={"repo_id": "a"}', "--no-wait")
    assert run.code == 1 and run.err.count("\n") == 1 and key in run.err and "not a user of this machine" in run.err


@pytest.fixture
def homeless(monkeypatch):
    """Somebody without an entry in passwd, as in containers."""

    def none(number):
        raise KeyError(number)

    for variable in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR", "BASH_COMPLETION_USER_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", none)


@pytest.mark.parametrize("what", NAMING)
def test_who_has_no_home_is_told_which_option_needs_one(admin, homeless, what):
    run = admin(*command(what, "~/file"))
    assert run.code == 2 and run.err.count("\n") == 1 and what.partition(" ")[0] in run.err
    assert "'~/file': this user has no home folder (HOME is None); write the path out" in run.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_who_has_no_home_is_told_how_to_complete_without_one(admin, homeless, shell):
    run = admin("completion", "install", shell)
    assert run.code == 1 and run.err.count("\n") == 1
    assert "this user has no home folder" in run.err and f"`pulp-admin completion {shell}` prints" in run.err


def test_completing_the_name_of_a_file_offers_nothing_then(homeless):
    assert values.files("~/x") == values.files(NOBODY) == []
