"""Pipes that close, encodings that lack a letter, interrupts: one line, exit code 0, 1 or 2, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pulp_events import EventBus

CREATE = ("event", "listener", "email", "create", "--event-type=*", "--addresses=a@example.com")


def test_the_installed_program_works(admin):
    assert admin.process(*CREATE, "--subject=s").out == "Event listener successfully created\n"
    assert "Subject:   s" in admin.process("event", "listener", "list").out


def test_a_reader_that_goes_away_is_no_error_to_speak_of(admin):
    reader, writer = os.pipe()
    os.close(reader)
    run = admin.process("event", "types", capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (run.code, run.err) == (1, "")


def test_a_full_disk_behind_standard_output_gets_one_line(admin):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        run = admin.process("event", "types", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert run.code == 1 and run.err.count("\n") == 1 and run.err.startswith("pulp-admin: error: ")


@pytest.mark.parametrize(
    "words",
    [
        ("event", "listener", "http", "create", "--event-type=*", "--url=http://127.0.0.1:9/"),
        ("event", "listener", "http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--json"),
        ("event", "emit", "repo.sync.start", '--payload={"repo_id": "x"}', "--no-wait"),
    ],
)
def test_a_full_disk_behind_standard_output_does_not_have_what_was_done_repeated(admin, words):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    admin.ok(*CREATE, "--subject=s")
    with Path("/dev/full").open("w") as full:
        run = admin.process(*words, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert run.code == 1 and run.err.count("\n") == 1, run.err
    assert "the command was carried out" in run.err and "retry" not in run.err
    with EventBus.open(admin.config, deliver="external") as bus:
        assert len([*bus.listeners.list(), *bus.events.list()]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("event", "types"),
        ("event", "plugin", "list"),
        ("event", "listener", "export"),
        ("event", "delivery", "stats"),
        ("event", "delivery", "purge", "--state=dead", "--dry-run"),
    ],
)
def test_a_full_disk_behind_standard_output_lets_what_only_reads_be_repeated(admin, words):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        run = admin.process(*words, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert run.code == 1 and run.err.endswith("free some space on its disk and retry\n")


@pytest.mark.parametrize("words", [("event", "types"), ("event", "listener", "lst"), ("event", "listener", "--help")])
def test_closed_streams_are_no_error(admin, words):
    command = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', *map(str, admin.command(*words))]
    assert subprocess.run(command, env=admin.environment, check=False, timeout=60).returncode in (0, 1, 2)


def test_letters_that_the_encoding_lacks_are_escaped(admin):
    admin.process(*CREATE, "--subject=Größe \u2603")
    environment = {**admin.environment, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    run = admin.process("event", "listener", "list", env=environment)
    assert run.code == 0 and "Gr\\xf6\\xdfe \\u2603" in run.out


def test_what_a_terminal_would_obey_is_escaped(admin):
    create = ("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/")
    admin.ok(*create, "--filter", "payload.a == '\x1b[31m'")
    out = admin.ok("event", "listener", "list").out
    assert "\x1b" not in out and "\\x1b[31m" in out
    assert "\x1b" not in admin("event", "\x1b[31m").err


def test_ctrl_c_ends_in_one_line(admin, refused):
    admin.ok("event", "listener", "http", "create", "--event-type=*", f"--url=http://{refused}/")
    command = admin.command("event", "emit", "repo.sync.start", '--payload={"repo_id": "a"}', "--timeout=60s")
    process = subprocess.Popen(command, env=admin.environment, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: [each for each in deliveries(admin) if each["attempts"]])
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "pulp-admin: error: interrupted\n")


def test_ctrl_c_is_the_normal_end_of_a_tail(admin):
    admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--disabled")
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    process = subprocess.Popen(
        admin.command("event", "delivery", "tail"), env=admin.environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline()  # it follows
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


def deliveries(admin):
    return admin.ok("event", "delivery", "list", "--json").json


def wait_until(condition, timeout=60.0):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
