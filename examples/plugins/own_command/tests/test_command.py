"""`pulp-admin event failures`, in this process: on a bus of the test's own, and as it is installed."""

import json
from argparse import Namespace

import pytest
from marshmallow import Schema
from pulp_events import Notifier, PermanentFailure

import pulp_events_failures
from pulp_events_failures.command import run


class Refusing(Notifier):
    """A notifier whose receiver wants nothing."""

    type_id = "refusing"
    config_schema = Schema

    def deliver(self, event, config):
        raise PermanentFailure("404 Not Found\n<html>…")


@pytest.fixture
def bus(pulp_events_make_bus):
    return pulp_events_make_bus(pulp_events_failures, Refusing())


@pytest.fixture
def listener(bus):
    made = bus.listeners.create("refusing", {}, ["repo.sync.start"])
    bus.emit("repo.sync.start", {"repo_id": "pulp2"})
    return made


def test_nothing_fails(bus, capsys):
    assert run(bus, Namespace(json=False, at_least=1)) == 0
    assert capsys.readouterr().out == ""


def test_who_fails_is_shown_with_the_first_line_of_why(bus, listener, capsys):
    assert run(bus, Namespace(json=False, at_least=1)) == 1
    assert capsys.readouterr().out == f"{listener.id}  refusing  1 failures, the last: 404 Not Found\n"


def test_few_failures_are_not_shown(bus, listener, capsys):
    assert run(bus, Namespace(json=False, at_least=2)) == 0
    assert capsys.readouterr().out == ""


def test_json_has_it_all(bus, listener, capsys):
    run(bus, Namespace(json=True, at_least=1))
    [found] = json.loads(capsys.readouterr().out)
    assert found == {"id": listener.id, "failures": 1, "detail": "404 Not Found\n<html>…"}


def test_it_is_a_command_of_pulp_admin(pulp_events_admin):
    assert pulp_events_admin("event", "failures").code == 0
    assert "failures since the last success" in pulp_events_admin("event", "failures", "--help").out
