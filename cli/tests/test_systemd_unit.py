"""`worker --print-unit`: the unit runs what was asked for, as who can do it, on the systemd that is there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events_cli import systemd_unit
from pulp_events_cli.errors import CommandFailed

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not there")


def setting(text, name):
    found = re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)
    return found[0] if found else None


def words(line):
    """As systemd splits ExecStart: quotes and backslashes, then specifiers, then variables in all but the first."""
    first, *others = (word.replace("%%", "%") for word in shlex.split(line))
    return [first, *(word.replace("$$", "$") for word in others)]


def service(**values):
    values = {
        "command": ["/usr/bin/pulp-admin", "event", "worker"],
        "user": "pulp",
        "grace": 5.0,
        "start_limit": 300.0,
        "data_dir": Path("/var/lib/pulp/events"),
        "outbox": Path("/var/lib/pulp/events/outbox.sqlite"),
        "reads": [],
        "environment": {},
        "systemd": 252,
    } | values
    return systemd_unit.Service(**values)


def test_systemd_waits_for_the_start_no_shorter_than_a_pool_does(admin):
    text = admin.ok("event", "worker", "--start-limit", "20m", "--print-unit").out
    assert setting(text, "TimeoutStartSec") == "1215s"
    assert words(setting(text, "ExecStart"))[-2:] == ["--start-limit", "20m"]
    assert admin("event", "worker", "--start-limit", "0s", "--print-unit").code == 2


def test_it_runs_what_this_command_line_asks_for(admin):
    text = admin.ok(
        "--config", str(admin.config), "event", "worker", "--processes", "3", "--grace", "1m", "--print-unit"
    ).out
    command = words(setting(text, "ExecStart"))
    assert command[-8:] == [
        "--config", str(admin.config), "event", "worker", "--grace", "1m", "--processes", "3",
    ]  # fmt: skip
    assert setting(text, "TimeoutStopSec") == "75s"
    assert setting(text, "TimeoutStartSec") == "315s"
    assert setting(text, "KillMode") == "mixed"
    assert setting(text, "ReadWritePaths") == f"-{admin.data}"
    assert setting(text, "StateDirectory") is None


def test_the_server_conf_of_this_environment_is_the_services_too(admin):
    assert f"--config {admin.config} event worker" in admin.ok("event", "worker", "--print-unit").out


def test_an_outbox_in_an_applications_database_can_be_written_too(admin, tmp_path):
    admin.configure(f"outbox = {tmp_path}/application/app.sqlite\n")
    text = admin.ok("event", "worker", "--print-unit").out
    assert setting(text, "ReadWritePaths") == f"-{admin.data} -{tmp_path}/application"


def test_its_user_is_the_owner_of_the_data_folder(tmp_path, monkeypatch):
    import os
    import pwd

    me = pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setenv("LOGNAME", "somebody")  # as sudo and su leave it
    assert systemd_unit.user(tmp_path, named=True) == me
    assert systemd_unit.user(tmp_path / "absent", named=True) == me
    if os.geteuid() == 0:
        os.chown(tmp_path, 1, 1)
        assert systemd_unit.user(tmp_path, named=True) == pwd.getpwuid(1).pw_name
        os.chown(tmp_path, 54321, 1)
        assert systemd_unit.user(tmp_path, named=True) == "54321"
        assert systemd_unit.user(tmp_path, named=False) == me  # its own default folder


def test_a_blocked_plugin_stays_blocked(admin, monkeypatch):
    monkeypatch.setenv("PULP_EVENTS_BLOCK", "apprise, other")
    assert setting(admin.ok("event", "worker", "--print-unit").out, "Environment") == (
        '"PULP_EVENTS_BLOCK=apprise, other"'
    )


@pytest.mark.parametrize(
    ("release", "kind"), [(0, "notify"), (252, "notify"), (253, "notify-reload"), (257, "notify-reload")]
)
def test_its_type_is_one_that_this_systemd_knows(release, kind):
    text = systemd_unit.text(service(systemd=release))
    assert setting(text, "Type") == kind
    assert (setting(text, "ExecReload") is None) == (kind == "notify-reload")


@pytest.mark.parametrize(
    ("values", "home", "temporary"),
    [
        ({}, "yes", "yes"),
        ({"command": ["/home/ann/venv/bin/pulp-admin"]}, "read-only", "yes"),
        ({"data_dir": Path("/root/data"), "outbox": Path("/root/data/o")}, "read-only", "yes"),
        ({"reads": [Path("/home/ann/src")]}, "read-only", "yes"),
        ({"data_dir": Path("/tmp/data")}, "yes", "no"),
        ({"reads": [Path("/homes/ann"), Path("/opt/home")]}, "yes", "yes"),
    ],
)
def test_what_it_needs_is_not_hidden_from_it(values, home, temporary):
    text = systemd_unit.text(service(**values))
    assert (setting(text, "ProtectHome"), setting(text, "PrivateTmp")) == (home, temporary)


def test_a_state_folder_is_made_by_systemd_and_any_other_is_opened_for_writing():
    text = systemd_unit.text(service())
    assert (setting(text, "StateDirectory"), setting(text, "ReadWritePaths")) == ("pulp/events", None)
    text = systemd_unit.text(service(data_dir=Path("/srv/a b/100%"), outbox=Path("/srv/a b/100%/o")))
    assert (setting(text, "StateDirectory"), setting(text, "ReadWritePaths")) == (None, '"-/srv/a b/100%%"')


PRINTABLE = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" $%\"'\\;"), min_size=1
)


@given(st.lists(PRINTABLE, min_size=1, max_size=4))
def test_every_word_reaches_the_program_as_it_is(found):
    command = ["/usr/bin/pulp-admin", *found]
    assert words(setting(systemd_unit.text(service(command=command)), "ExecStart")) == command


def test_a_name_with_a_line_break_is_refused():
    with pytest.raises(CommandFailed, match="a unit file cannot hold"):
        systemd_unit.text(service(command=["/a\nb"]))


@needs_systemd
@pytest.mark.parametrize("name", ["plain", "a b", "100%", "$HOME", "q'u\"o", "ünï", "a;b", "back\\slash"])
def test_systemd_has_nothing_to_say_of_it(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    program = folder / "pulp-admin"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = service(
        command=[str(program), "--config", str(folder / "server.conf"), "event", "worker", "--grace", "1m 30s"],
        user="root",
        data_dir=folder / "data",
        environment={"PULP_EVENTS_BLOCK": name},
        systemd=systemd_unit.installed_release(),
    )
    verified = verify(tmp_path, systemd_unit.text(found))
    assert (verified.returncode, verified.stderr) == (0, "")


@needs_systemd
def test_systemd_has_nothing_to_say_of_what_the_command_prints(admin, tmp_path):
    done = admin.process("event", "worker", "--processes", "3", "--grace", "60s", "--print-unit")
    verified = verify(tmp_path, done.out)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_a_unit_cannot_read_its_settings_from_a_pipe(admin):
    command = f"{admin.command()[0]} --config <(cat {admin.config}) event worker --print-unit"
    done = subprocess.run(["bash", "-c", command], env=admin.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is a pipe or device, which will not exist when the unit starts; name a file" in done.stderr


def verify(folder, text):
    unit = folder / "pulp-events-worker.service"
    unit.write_text(text)
    return subprocess.run([ANALYZE, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
