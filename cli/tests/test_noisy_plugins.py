"""A plugin may print, exit, interrupt or dawdle: `pulp-admin` stays usable, and its standard output its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import textwrap

import pytest

pytestmark = pytest.mark.slow

NOISY = """
import os, subprocess, sys
from marshmallow import Schema, fields
from pulp_events import Action, Notifier, hookimpl

print("noise: import")
def below(what):
    os.write(1, f"noise: {what} below\\n".encode())
    subprocess.run(["echo", f"noise: {what} process"])

below("import")

class Config(Schema):
    room = fields.String(metadata={"help": "room"})

class Options(Schema):
    pass

class Noisy(Notifier):
    type_id = "noisy"
    config_schema = Config

    def __init__(self):
        print("noise: made")
    def check(self, config):
        print("noise: check")
        below("check")
    def targets(self, config):
        sys.stdout.write("noise: targets\\n")
        return [""]
    def deliver(self, event, config):
        print("noise: deliver")
        below("deliver")
    def probe(self, settings):
        print("noise: probe")
        below("probe")
        return ["fine"]
    def actions(self):
        print("noise: actions")
        return [Action("ring", "ring it", self.ring, Options)]
    def ring(self, *_):
        print("noise: ring")
        return "rung"

@hookimpl
def pulp_notifiers():
    return [Noisy()]

@hookimpl
def pulp_before_emit(event):
    print("noise: before emit")
    below("before emit")

@hookimpl
def pulp_event_emitted(event):
    print("noise: emitted")
    below("emitted")

@hookimpl
def pulp_admin_commands(commands):
    print("noise: commands")
    below("commands")
    parser = commands.add_parser("shout", help="shout")
    parser.set_defaults(run=shout, deliver=None)

def shout(bus, arguments):
    print("wanted: shout", flush=True)
    subprocess.run(["echo", "wanted: process"])
    return 0
"""


@pytest.fixture
def installed(admin, tmp_path):
    """Installs a plugin for `admin.process`."""
    site = tmp_path / "site"

    def install(name, code):
        info = site / f"{name}_plugin-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{name}_plugin.py").write_text(textwrap.dedent(code))
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[pulp_events]\n{name} = {name}_plugin\n")
        return {**os.environ, "PULP_EVENTS_CONFIG": str(admin.config), "PYTHONPATH": str(site), "COLUMNS": "120"}

    return install


def test_nothing_that_a_plugin_prints_gets_between_what_a_program_reads(admin, installed, refused):
    admin.configure(f"[messaging]\nurl = amqp://{refused}\n")
    environment = installed("noisy", NOISY)
    create = ("event", "listener", "noisy", "create", "--event-type=repo.#", "--room=x", "--json")
    run = admin.process(*create, env=environment)
    listener = json.loads(run.out)["id"]
    assert all(
        f"noise: {when}" in run.err for when in ("import", "import below", "check process", "made", "check", "targets")
    )
    for words in (
        ("event", "emit", "repo.sync.start"),
        ("event", "listener", "list"),
        ("event", "listener", "test", "--listener-id", listener),
        ("event", "config", "check", "--probe"),
        ("event", "listener", "noisy", "ring", "--listener-id", listener),
        ("event", "types"),
    ):
        run = admin.process(*words, "--json", env=environment)
        assert run.out and "noise" not in run.out, words
        json.loads(run.out)
    run = admin.process("event", "plugin", "check", "noisy", "--json", env=environment)
    findings = json.loads(run.out)["findings"]
    assert [each["what"] for each in findings if "noise" in each["text"]] == ["on loading"], findings
    assert "noise" not in admin.process("event", "listener", "noisy", env=environment).out
    assert admin.process("event", "shout", env=environment).out == "wanted: shout\nwanted: process\n"
    run = admin.process("event", "listener", "export", "--output=/dev/stdout", env=environment)
    assert listener in run.out and "noise" not in run.out


LATE = """
import atexit, sys
from pulp_events import hookimpl

kept = sys.stdout

@atexit.register
def late():
    print("late", file=kept, flush=True)
"""


def test_a_plugin_that_prints_at_exit_to_what_was_standard_output_fails_in_nothing(admin, installed):
    run = admin.process("event", "types", "--json", env=installed("late", LATE))
    json.loads(run.out)
    assert "late\n" in run.err and "Traceback" not in run.err


WARNING = """
import warnings
from marshmallow import Schema, fields
from pulp_events import Notifier

class Config(Schema):
    token = fields.String(metadata={"help": "token", "secret": True})

class Warns(Notifier):
    type_id = "warns"
    config_schema = Config
    def deliver(self, event, config):
        warnings.warn(f"cannot use {config['token']}")

notifier = Warns()
"""


@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_a_library_warns_of_in_a_worker_is_logged_without_secrets(admin, installed, processes):
    environment = installed("warns", f"{WARNING}\nfrom pulp_events import hookimpl\n@hookimpl\ndef pulp_notifiers():\n"
                                     "    return [notifier]\n")  # fmt: skip
    admin.process("event", "listener", "warns", "create", "--event-type=*", "--token=hunter2-x", env=environment)
    assert admin.process("event", "emit", "repo.sync.start", "--no-wait", env=environment).code == 0
    worker = subprocess.Popen(
        admin.command("--json", "event", "worker", "--processes", processes), env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in worker.stdout:
        if "cannot use" in line:
            break
    worker.send_signal(signal.SIGTERM)
    _, err = worker.communicate(timeout=60)
    assert "cannot use ********" in json.loads(line)["message"] and "hunter2" not in line + err


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_worker_logs_json_and_nothing_else_on_standard_output(admin, installed, processes):
    environment = installed("noisy", NOISY)
    create = ("event", "listener", "noisy", "create", "--event-type=repo.#", "--room=x", "--json")
    listener = json.loads(admin.process(*create, env=environment).out)["id"]
    run = admin.process("event", "emit", "repo.sync.start", "--no-wait", env=environment)
    assert run.code == 0, run.err
    worker = subprocess.Popen(
        admin.command("--json", "event", "worker", "--processes", processes), env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in worker.stderr:
        if "noise: deliver" in line:
            break
    worker.send_signal(signal.SIGTERM)
    out, _ = worker.communicate(timeout=60)
    assert out and all(json.loads(line)["message"] for line in out.splitlines()), listener


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise KeyboardInterrupt", "it raised KeyboardInterrupt"),
        ("import sys; sys.exit('bye')", "SystemExit: bye"),
        ("class Odd(BaseException): pass\nraise Odd('x')", "Odd: x"),
    ],
)
def test_a_plugin_that_ends_at_import_is_left_out_and_named(admin, installed, code, reason):
    environment = installed("ends", code)
    run = admin.process("event", "types", "--json", env=environment)
    assert run.code == 0 and json.loads(run.out)
    assert "plugin ends is left out" in run.err and reason in run.err


def test_a_plugin_that_interrupts_when_its_commands_are_asked_for_is_named(admin, installed):
    environment = installed(
        "ends",
        """
        from pulp_events import hookimpl
        @hookimpl
        def pulp_admin_commands(commands):
            raise KeyboardInterrupt
        """,
    )
    run = admin.process("event", env=environment)
    assert run.code == 0 and "plugin ends: some of its commands are missing" in run.err


@pytest.mark.slow
def test_a_plugin_that_hangs_at_import_is_named_with_the_way_out(admin, installed):
    environment = installed("hangs", "import time; time.sleep(600)")
    process = subprocess.Popen(
        admin.command("event", "types"), env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    line = process.stderr.readline()
    assert "plugin hangs is still loading after 5 s" in line and "PULP_EVENTS_BLOCK=hangs" in line
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 1 and "interrupted" in rest
    assert admin.process("event", "types", env={**environment, "PULP_EVENTS_BLOCK": "hangs"}).code == 0


def test_config_check_names_what_is_slow_and_what_was_left_behind(admin, installed, tmp_path):
    environment = installed("slow", "import time; time.sleep(0.6)\nfrom pulp_events import hookimpl")
    (tmp_path / "site" / "pulp_events_http-0.0.1.dist-info").mkdir()
    run = admin.process("event", "config", "check", env=environment)
    text = " ".join(run.out.split())
    assert float(re.search(r"loading it adds ([\d.]+) s to each command", text)[1]) >= 0.6
    assert "pulp_events_http-0.0.1.dist-info is an empty leftover; delete it" in text
    assert "http" in admin.process("event", "listener", env=environment).out  # which it does not hide
