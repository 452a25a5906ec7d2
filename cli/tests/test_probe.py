"""`config check --probe`: each notifier connects as the settings say, and none harms the others."""

from __future__ import annotations

import threading

import pytest
from marshmallow import Schema, fields

from pulp_events import Notifier, PermanentFailure, TransientFailure, hookimpl
from pulp_events_cli.health import check as health_check

PROBE = ("event", "config", "check", "--probe")


class DoorSettings(Schema):
    host = fields.String(load_default="localhost", metadata={"help": "host"})
    password = fields.String(load_default="", metadata={"help": "password", "secret": True})


class Door(Notifier):
    type_id = "door"
    config_schema = Schema
    settings_section = "door"
    settings_schema = DoorSettings
    answer = None
    warning = staticmethod(lambda settings: ())

    def deliver(self, event, config):
        pass

    def probe(self, settings):
        return type(self).answer(settings)

    def settings_warnings(self, settings):
        return type(self).warning(settings)


class Plain(Notifier):
    type_id = "plain"
    config_schema = Schema

    def deliver(self, event, config):
        pass


class Plugin:
    @hookimpl
    def pulp_notifiers(self):
        return [Door()]


@pytest.fixture
def door(admin, with_plugin, monkeypatch):
    """`door(answer)`: installed, and this is its probe."""
    with_plugin("door", Plugin(), alone=True)
    admin.configure("[door]\nhost = gate.example\npassword = hunter22\n")

    def set_answer(answer):
        monkeypatch.setattr(Door, "answer", staticmethod(answer))

    return set_answer


def raising(error):
    def probe(settings):
        yield f"reached {settings['host']}"
        raise error

    return probe


def test_without_the_option_nothing_connects(admin, door):
    door(raising(SystemExit("called")))
    assert "probe" not in admin.ok("event", "config", "check").out


def test_what_was_found_is_shown_a_line_each(admin, door):
    door(lambda settings: [f"reached {settings['host']}", "it speaks English"])
    out = admin.ok(*PROBE).out
    assert "ok     probe door   reached gate.example\n" in out and "ok     probe door   it speaks English\n" in out


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TransientFailure("gate.example refused: hunter22"), "gate.example refused: ********"),
        (PermanentFailure("no such host"), "no such host"),
        (ZeroDivisionError("x"), "ZeroDivisionError: x; this is a bug in the plugin"),
        (SystemExit(3), "it raised SystemExit(3)"),
    ],
)
def test_a_failure_is_a_problem_with_its_text_and_no_secret(admin, door, error, text):
    door(raising(error))
    run = admin(*PROBE)
    assert run.code == 1 and text in run.out and "hunter22" not in run.out + run.err
    assert "reached gate.example" in run.out
    assert admin(*PROBE, "--json").json["ok"] is False


@pytest.mark.parametrize("answer", ["all is well", None, [b"bytes"]], ids=repr)
def test_an_answer_that_is_no_list_of_texts_is_a_mistake_of_the_plugin(admin, door, answer):
    door(lambda settings: answer)
    run = admin(*PROBE)
    assert run.code == 1 and "probe()" in run.out and "a bug in the plugin" in run.out


CHECK = PROBE[:-1]


def test_what_a_notifier_says_of_its_settings_is_noted_without_secrets(admin, door, monkeypatch):
    door(lambda settings: ())
    monkeypatch.setattr(Door, "warning", staticmethod(lambda settings: [f"{settings['password']} opens every door"]))
    assert "note   notifier door  ******** opens every door\n" in admin.ok(*CHECK).out


def test_a_secret_that_only_a_worker_can_read_is_no_problem_here(admin, door, monkeypatch):
    door(lambda settings: ())
    monkeypatch.setattr(Door, "warning", staticmethod(lambda settings: [f"host {settings['host']}"]))
    admin.configure("[door]\nhost = gate.example\npassword = env:NO_SUCH_VARIABLE_HERE\n")
    assert "note   notifier door  host gate.example\n" in admin.ok(*CHECK).out
    run = admin(*PROBE)
    assert run.code == 1 and "NO_SUCH_VARIABLE_HERE is not set" in run.out


@pytest.mark.parametrize(
    "warning",
    [lambda settings: "text", lambda settings: None, raising(SystemExit(0)), raising(KeyboardInterrupt()),
     raising(KeyError("hunter22"))],
)  # fmt: skip
def test_one_that_cannot_say_it_is_a_problem(admin, door, monkeypatch, warning):
    door(lambda settings: ())
    monkeypatch.setattr(Door, "warning", staticmethod(warning))
    run = admin(*CHECK)
    assert run.code == 1 and "notifier type 'door', settings_warnings()" in run.out and "bug in the plugin" in run.out
    assert "hunter22" not in run.out


def test_one_that_hangs_is_given_up(admin, door, monkeypatch):
    monkeypatch.setattr(health_check, "PROBE_LIMIT", 0.05)
    let_go = threading.Event()
    door(lambda settings: let_go.wait(60) and [])
    try:
        run = admin(*PROBE)
    finally:
        let_go.set()
    assert run.code == 1 and "no answer within 0.05 s" in run.out


def test_one_that_has_nothing_to_probe_is_in_order(admin, door):
    door(lambda settings: ())
    assert "nothing to probe" in admin.ok(*PROBE).out


def test_one_that_cannot_probe_points_to_what_can_be_done(admin, with_plugin):
    with_plugin("plain", type("Plain", (), {"pulp_notifiers": hookimpl(lambda self: [Plain()])})(), alone=True)
    assert "`listener test`" in admin.ok(*PROBE).out


def test_with_broken_settings_nothing_is_probed(admin, door):
    door(raising(SystemExit("called")))
    admin.configure("[door]\nnonsense = 1\n")
    run = admin(*PROBE)
    assert run.code == 1 and "fix the settings first" in run.out and "called" not in run.out
