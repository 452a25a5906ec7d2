"""`event worker --log-format`: one JSON object per line on standard output, which a program can read."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--log-format", "json"], ["--log-format=json", "--processes", "2"]])
def test_each_line_says_which_delivery_it_is_about(admin, refused, options):
    admin.configure("[delivery]\nretry_schedule = 1h\n")
    listener = admin.listener("http", "create", "--event-type=*", f"--url=http://{refused}/")
    event = admin.ok("event", "emit", "repo.sync.start", "--no-wait", "--json").json["id"]
    worker = subprocess.Popen(
        admin.command("event", "worker", *options), env=admin.environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    found = next(each for line in worker.stdout if "outcome" in (each := json.loads(line)))
    worker.send_signal(signal.SIGTERM)
    rest, _ = worker.communicate(timeout=60)
    assert found["event_id"] == event and found["delivery_id"] == f"{event}.0" and found["listener_id"] == listener
    assert (found["outcome"], found["attempt"], found["notifier_type_id"]) == ("transient", 1, "http")
    assert all(json.loads(line)["message"] for line in rest.splitlines())


def test_the_unit_runs_it_with_the_same_format(admin):
    text = admin.ok("event", "worker", "--log-format", "json", "--print-unit").out
    command = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    assert shlex.split(command)[-2:] == ["--log-format", "json"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--json", "--log-format", "text"], "--json logs JSON"),
        (["--drain", "--log-format", "json"], "--drain shows progress"),
        (["--log-format", "xml"], "--log-format"),
        (["--log-format", "json", "list"], "leave them out"),
    ],
)
def test_what_does_not_go_together_is_a_mistake_of_the_command_line(admin, words, said):
    run = admin("event", "worker", *words)
    assert run.code == 2 and said in run.err and len(run.err.splitlines()) <= 3


CHATTY = """
import logging, warnings
from marshmallow import Schema
from pulp_events import Notifier, hookimpl

class Chatty(Notifier):
    type_id = "chatty"
    config_schema = Schema
    def deliver(self, event, config):
        logging.getLogger("somelib").warning("odd\\nanswer \\udc80")
        warnings.warn("old way")
        logging.getLogger("pulp_events").warning("last")

@hookimpl
def pulp_notifiers():
    return [Chatty()]
"""


@pytest.mark.slow
@pytest.mark.sample(1)
@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_plugins_and_libraries_log_is_json_too_and_about_the_delivery(admin, tmp_path, processes):
    site = tmp_path / "site"
    info = site / "chatty-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "chatty.py").write_text(CHATTY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chatty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pulp_events]\nchatty = chatty\n")
    environment = {**admin.environment, "PYTHONPATH": str(site)}
    assert admin.process("event", "listener", "chatty", "create", "--event-type=*", env=environment).code == 0
    emitted = admin.process("event", "emit", "repo.sync.start", "--no-wait", "--json", env=environment).json["id"]
    worker = subprocess.Popen(
        admin.command("event", "worker", "--log-format=json", "--processes", processes), env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    found = []
    for line in worker.stdout:
        found.append(json.loads(line))
        if found[-1]["message"] == "last":
            break
    worker.send_signal(signal.SIGTERM)
    _, err = worker.communicate(timeout=60)
    assert err == ""
    said = {each["logger"]: each for each in found if each.get("event_id") == emitted}
    assert said["somelib"]["message"] == "odd\nanswer \udc80" and "old way" in said["py.warnings"]["message"]
