"""A short command imports what it needs and nothing else: that, and not the clock, is what a test can hold."""

from __future__ import annotations

import subprocess
import sys

import pytest

PRINT_MODULES = """
import sys
from pulp_events_cli.main import main
code = main(sys.argv[1:])
print(*sys.modules)
sys.exit(code)
"""
TRANSPORTS = {"requests", "urllib3", "smtplib", "proton", "email_validator", "jinja2", "aiosmtpd"}
SLOW = {"filelock", "sqlite3", "logging", "importlib.metadata", "zipfile", "shutil", "tempfile", "difflib", "textwrap"}
SLOW |= {"jmespath", "platformdirs", "packaging", "argparse_manpage", "subprocess", "concurrent.futures", "asyncio"}
OURS = {"commands.emit", "commands.delivery", "parser.help_format", "ids", "bus.event_bus", "bus.lifecycle"}
OURS |= {"about", "dispatcher", "functions", "notation", "schemas", "worker", "outbox.records", "outbox.delivery"}
OURS |= {
    "outbox.store",
    "outbox.sqlite",
    "outbox.rate",
    "events.event_type",
    "events.event",
    "events.trace_context",
    "deprecations",
}
OURS |= {"listeners.listeners", "listeners.filters", "listeners.author", "listeners.untrusted", "settings.origin"}
OURS |= {"settings.given", "plugins.boundary", "plugins.observers", "budgets"}
"""Modules, and rooms with all that is in them, which a list of listeners does not need."""
OF_PLUGINS = {"amqp": ["address"], "http": ["rotation", "url"], "email": ["notices", "unsubscribe"]}
MOST_OF_OURS = 125
"""Modules that a list imports: each takes a tenth of a millisecond at least, and once sixty came in unnoticed."""


def modules(admin, *words):
    """What is imported once the command has done its work; CalledProcessError if it fails at it."""
    command = [sys.executable, "-c", PRINT_MODULES, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=admin.environment, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_listing_listeners_imports_no_transport_and_nothing_slow(admin):
    admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/")
    found = modules(admin, "event", "listener", "list")
    assert found & (TRANSPORTS | SLOW) == set()
    assert {each for each in found if _is_not_needed(each)} == set()
    unneeded = {f"pulp_events_{plugin}.{name}" for plugin, names in OF_PLUGINS.items() for name in names}
    assert found & unneeded == set()
    assert len([each for each in found if each.startswith("pulp_events")]) <= MOST_OF_OURS


def _is_not_needed(module):
    package, _, name = module.partition(".")
    return package in ("pulp_events", "pulp_events_cli") and any(f"{name}.".startswith(f"{each}.") for each in OURS)


def test_a_list_that_asks_for_more_opens_the_bus(admin):
    admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/")
    found = modules(admin, "event", "listener", "list", "--health")
    assert {"pulp_events.bus.event_bus", "sqlite3"} <= found


def test_creating_a_listener_imports_no_transport(admin):
    create = ("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/")
    assert modules(admin, *create) & (TRANSPORTS - {"urllib3"}) == set()


def test_help_imports_no_transport(admin):
    assert modules(admin, "event", "listener") & TRANSPORTS == set()


def test_a_command_that_fails_early_does_not_pass_for_one_that_imports_little(admin):
    with pytest.raises(subprocess.CalledProcessError):
        modules(admin, "event", "listener", "delete", "--listener-id=5081a42ce19a00ea4300000e")
