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
OURS = {"pulp_events.dispatcher", "pulp_events.outbox.records", "pulp_events.bus.emitter", "pulp_events.worker"}
OURS |= {"pulp_events_cli.commands.emit", "pulp_events_cli.commands.delivery", "pulp_events_cli.parser.help_format"}


def modules(admin, *words):
    """What is imported once the command has done its work; CalledProcessError if it fails at it."""
    command = [sys.executable, "-c", PRINT_MODULES, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=admin.environment, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_listing_listeners_imports_no_transport_and_nothing_slow(admin):
    admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/")
    assert modules(admin, "event", "listener", "list") & (TRANSPORTS | SLOW | OURS) == set()


def test_creating_a_listener_imports_no_transport(admin):
    create = ("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/")
    assert modules(admin, *create) & (TRANSPORTS - {"urllib3"} | {"sqlite3"}) == set()


def test_help_imports_no_transport(admin):
    assert modules(admin, "event", "listener") & TRANSPORTS == set()


def test_a_command_that_fails_early_does_not_pass_for_one_that_imports_little(admin):
    with pytest.raises(subprocess.CalledProcessError):
        modules(admin, "event", "listener", "delete", "--listener-id=5081a42ce19a00ea4300000e")
