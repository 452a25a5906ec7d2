"""`pulp_admin_options`: plugins add options to `event worker`, and do something while it works."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest

from pulp_events import hookimpl
from pulp_events.errors import EventsError


@pytest.fixture
def told(with_plugin):
    """What a plugin with `--beat` saw."""
    seen = []

    @contextlib.contextmanager
    def around(arguments):
        seen.append(("begin", arguments.beat))
        if arguments.beat == 13:
            raise EventsError("13 beats nothing; choose another number")
        with arguments.session.open_bus("external") as bus:
            seen.append(bus.deliveries.stats().pending)
            yield
        seen.append("end")

    @hookimpl
    def pulp_admin_options(command, parser):
        if command != "worker":
            return None
        parser.add_argument("--beat", type=int, metavar="NUMBER", help="how often to beat")
        parser.add_argument("--silently", action="store_true", help="beat without a sound")
        return around

    with_plugin("drummer", SimpleNamespace(pulp_admin_options=pulp_admin_options))
    return seen


def test_an_option_is_in_the_help_and_what_belongs_to_it_surrounds_the_work(admin, told):
    assert "--beat" in admin.ok("event", "worker", "--help").out
    assert "--beat" not in admin.ok("event", "emit", "--help").out
    admin.ok("event", "worker", "--drain", "--beat=3")
    assert told == [("begin", 3), 0, "end"]


def test_it_stops_the_command_with_a_clear_line(admin, told):
    run = admin("event", "worker", "--drain", "--beat=13")
    assert (run.code, run.err) == (1, "pulp-admin: error: 13 beats nothing; choose another number\n")


def test_a_value_that_is_none_is_a_usage_error(admin, told):
    assert admin("event", "worker", "--drain", "--beat=often").code == 2 and told == []


def test_the_unit_file_has_what_was_given_and_nothing_else(admin, told):
    assert "--beat 3 --silently" in admin.ok("event", "worker", "--beat=3", "--silently", "--print-unit").out
    assert "--beat" not in admin.ok("event", "worker", "--print-unit").out and told == []


def test_a_list_of_workers_takes_none_of_them(admin, told):
    assert "before `list`" in admin("event", "worker", "--beat=3", "list").err
    admin.ok("event", "worker", "list")


@pytest.mark.parametrize("raised", [KeyError("x"), SystemExit(3)])
def test_a_plugin_that_raises_is_left_out(admin, with_plugin, raised):
    @hookimpl
    def pulp_admin_options(command, parser):
        raise raised

    with_plugin("broken", SimpleNamespace(pulp_admin_options=pulp_admin_options))
    run = admin("event", "worker", "--drain")
    assert run.code == 0 and "plugin broken: its options of `worker` are missing" in run.err


def test_one_that_returns_nonsense_is_left_out(admin, with_plugin):
    with_plugin("odd", SimpleNamespace(pulp_admin_options=hookimpl(specname="pulp_admin_options")(lambda: 3)))
    run = admin("event", "worker", "--drain")
    assert run.code == 0 and "returned int, expected a function or None" in run.err
