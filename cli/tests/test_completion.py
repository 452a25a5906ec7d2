"""Completion as the shells have it: the real bash, zsh and fish, set up by the one command."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pulp_events_cli.completion.candidates import candidates

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

HTTP = ("http", "create", "--event-type=repo.sync.*", "--url=http://ci.example/hook")
ESCAPE = re.compile(r"\x1b(\[[0-9;?>=]*[a-zA-Z]|\][^\x07]*\x07|[=>()][A-Z0-9]?)")


def words(line):
    *before, prefix = line.split(" ")
    return [word for word, _ in candidates(before, prefix)]


def test_each_level_offers_its_commands(admin):
    assert words("") == ["event", "completion"]
    assert words("event de") == ["delivery"]
    assert {"http", "email", "amqp", "list", "create"} - set(words("event listener ")) == {"create"}
    assert {"create", "update", "rotate-secret"} <= set(words("event listener http "))
    assert words("event nonsense ") == []


def test_options_are_offered_once_unless_they_may_be_repeated(admin):
    options = words("event listener http create --event-type=* --url=x -")
    assert "--url" not in options and "--event-type" in options and "--ca-path" in options and "--json" in options
    assert "--help" not in options
    assert words("event listener list --he") == ["--health"]


def test_values_are_looked_up(admin):
    one = admin.listener(*HTTP)
    mail = admin.listener("email", "create", "--event-type=*", "--subject=s", "--addresses=a@b.example")
    assert words("event listener show --listener-id ") == [one, mail]
    assert words(f"event listener show --listener-id={one[:10]}") == [f"--listener-id={one}"]
    assert words("event listener email update --listener-id ") == [mail]
    assert dict(candidates(["event", "listener", "show", "--listener-id"], ""))[one] == "http repo.sync.*"
    assert words("event listener list --type=h") == ["--type=http"]
    assert words("event emit repo.publish.") == ["repo.publish.start", "repo.publish.finish"]
    assert words("event listener http create --event-type repo.sync.f") == ["repo.sync.finish"]
    assert words("event listener http create --format=c") == ["--format=cloudevents", "--format=cloudevents-binary"]
    assert words("event delivery list --state d") == ["delivered", "dead"]
    assert words("event plugin show a") == ["amqp"]
    assert words("completion install z") == ["zsh"]
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    [delivery] = [each["id"] for each in admin.ok("event", "delivery", "list", f"--listener-id={one}", "--json").json]
    assert delivery in words("event delivery show ") and delivery in words("event delivery retry ")
    for command in ("show", "history", "backtest", "mute", "export"):  # the option's name may be left out
        assert words(f"event listener {command} ")[:2] == [one, mail]
        assert one in words(f"event listener {command} {one[:9]}")
        assert (one in words(f"event listener {command} {mail} ")) == (command == "export")
    assert words("event listener explain --event=") == [f"--event={delivery.partition('.')[0]}"]
    assert words("event listener backtest --type=http --since=1d --body-t") == ["--body-template"]


def test_another_server_conf_is_read_where_the_line_names_it(admin, tmp_path):
    admin.listener(*HTTP)
    (tmp_path / "other.conf").write_text(f"[events]\ndata_dir = {tmp_path}/none\n")
    assert words(f"--config={tmp_path}/other.conf event listener show --listener-id ") == []
    assert words(f"--config {tmp_path}/oth") == [f"{tmp_path}/other.conf"]
    assert words(f"event listener apply -f {tmp_path}/serv") == [f"{tmp_path}/server.conf"]
    assert words(f"event emit repo.sync.start --payload=@{tmp_path}/serv") == [f"--payload=@{tmp_path}/server.conf"]


def test_a_broken_store_completes_nothing_and_says_nothing(admin):
    admin.listener(*HTTP)
    (admin.data / "listeners.json").write_text("{")
    environment = {**admin.environment, "_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": "bash", "COMP_POINT": "45"}
    environment |= {
        "COMP_LINE": "pulp-admin event listener show --listener-id ",
        "_ARGCOMPLETE_STDOUT_FILENAME": "/dev/stdout",
    }
    run = admin.process(env=environment)
    assert (run.code, run.out, run.err) == (0, "", "")


@pytest.fixture
def shell(admin, tmp_path):
    """`shell("bash", *options)`: that shell in a terminal, set up by the command, with a home folder of its own."""
    home = tmp_path / "home"
    home.mkdir()
    admin.environment_of_shell = environment = {
        **{key: value for key, value in admin.environment.items() if not key.startswith(("XDG_", "BASH_", "ZDOTDIR"))},
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PS1": "$ ",
        "LC_ALL": "C.UTF-8",
    }
    running = []

    def start(name, *options):
        if shutil.which(name) is None:
            pytest.skip(f"there is no {name} here")
        done = admin.process("completion", "install", name, env=environment)
        assert done.code == 0, done.err
        again = admin.process("completion", "install", name, "--json", env=environment)
        assert len(again.json["files"]) == 1  # start files are as they were
        running.append(Terminal([shutil.which(name), *options], environment, columns=200))
        return running[-1]

    yield start
    for terminal in running:
        terminal.close()


def completed(terminal, line, expected):
    """Type the line and the tab key; wait for what the shell makes of it, then clear the line."""
    terminal.text = ""
    terminal.type(line + "\t")
    end = time.monotonic() + 30
    while expected not in (shown := ESCAPE.sub("", terminal.text).replace("\r", "").replace("\b", "")):
        assert time.monotonic() < end, f"{line!r}: {shown!r}"
        with contextlib.suppress(AssertionError):  # it reads what there is
            terminal.read(until="\0", timeout=0.3)
    terminal.type("\x15")


@pytest.mark.parametrize(("name", "options"), [("bash", ("-i",)), ("zsh", ("-i",))])
@pytest.mark.slow
def test_a_shell_completes_after_one_command(admin, shell, name, options):
    one = admin.listener(*HTTP)
    terminal = shell(name, *options)
    terminal.type("echo rea''dy\n")
    terminal.read(until="ready")
    completed(terminal, "pulp-admin event liste", "event listener ")
    completed(terminal, f"pulp-admin event listener show --listener-id {one[:6]}", one)
    completed(terminal, f"pulp-admin event listener show --listener-id={one[:6]}", one)
    completed(terminal, "pulp-admin event listener list --type=em", "--type=email")
    completed(terminal, "pulp-admin event emit repo.publish.st", "repo.publish.start")
    completed(terminal, "pulp-admin event listener http create --event-typ", "--event-type")


@pytest.mark.slow
def test_fish_completes_after_one_command(admin, shell):
    one = admin.listener(*HTTP)
    shell("fish", "--version")

    def offers(line):
        command = ["fish", "-c", f"complete -C {line!r}"]
        done = subprocess.run(command, env=admin.environment_of_shell, capture_output=True, text=True, check=True)
        return dict(each.partition("\t")[::2] for each in done.stdout.splitlines())

    assert offers("pulp-admin event liste") == {"listener": "manage server-side event listeners"}
    assert offers("pulp-admin event listener show --listener-id ") == {one: "http repo.sync.*"}
    assert offers("pulp-admin event listener list --type=em") == {"--type=email": ""}
    assert set(offers("pulp-admin event emit repo.publish.")) == {"repo.publish.start", "repo.publish.finish"}


def test_start_files_keep_what_stood_in_them(admin, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".zshrc").write_text("alias ll=ls")
    environment = {key: value for key, value in admin.environment.items() if not key.startswith(("XDG_", "ZDOTDIR"))}
    environment |= {"HOME": str(home), "SHELL": "/usr/bin/zsh"}
    for _ in range(2):
        run = admin.process("completion", "install", env=environment)
        assert run.code == 0 and "Completion for zsh is set up" in run.out
    text = (home / ".zshrc").read_text()
    assert text.startswith("alias ll=ls\n# begin pulp-admin") and text.count("source ") == 1


def test_a_shell_that_is_not_known_is_named(admin):
    run = admin.process("completion", "install", env={**admin.environment, "SHELL": "/bin/tcsh"})
    assert run.code == 2 and "tcsh" in run.err and "bash, zsh, fish" in run.err
    run = admin.process(
        "completion", "install", "bash", env={**admin.environment, "HOME": "/dev/null", "XDG_DATA_HOME": ""}
    )
    assert run.code == 1 and "`pulp-admin completion bash` prints" in run.err
