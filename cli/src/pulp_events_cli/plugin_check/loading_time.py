"""What it costs each start of `pulp-admin` that a plugin is installed, and what is imported with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from pulp_events.testing.import_watch import printed

HEAVY = """
requests urllib3 httpx httpcore aiohttp http.client urllib.request ssl smtplib aiosmtplib email.mime imaplib ftplib
proton pika kombu amqp aio_pika paho stomp nats confluent_kafka kafka zmq grpc websockets websocket paramiko asyncssh
boto3 botocore google.cloud azure slack_sdk telegram twilio sendgrid apprise redis pymongo psycopg psycopg2 sqlalchemy
jinja2 mako yaml lxml cryptography pydantic asyncio twisted numpy pandas
""".split()  # noqa: SIM905
"""Modules that are slow to import and not needed before there is something to send."""
LIMIT = 0.003
"""Seconds of every start of pulp-admin that one plugin should stay below."""

_LOAD = """
import gc, json, sys, time
from pathlib import Path
import pulp_events.bus.event_bus, pulp_events_cli.main, pulp_events_cli.parser.root
from pulp_events.plugins.discovery import FoundEntryPoint
from pulp_events.plugins.loader import Loader
from pulp_events.testing.import_watch import Watch
name, value = sys.argv[1:3]
loader = Loader()
before = set(sys.modules)
gc.disable()  # as pulp-admin does
with Watch() as watch:
    start = time.perf_counter()
    plugin = loader.load(name, FoundEntryPoint(name, value, Path()).load)
    seconds = time.perf_counter() - start
found = {"seconds": seconds, "reason": plugin.reason, "modules": sorted(set(sys.modules) - before), "did": watch.seen}
print("\\n" + sys.argv[3] + json.dumps(found))
"""
_MARK = "pulp-events load: "


@dataclass
class Load:
    """How a plugin loads in a process of its own."""

    seconds: float
    reason: str
    modules: list[str]
    did: list[str]
    """What it did beside defining things, each with a remedy."""


def measure(name: str, value: str, environment: Mapping[str, str] | None = None) -> Load:
    """Load the plugin that an entry point names, in a process of its own.

    `environment`: that of the process, else ours. Raises OSError, ValueError or subprocess.SubprocessError
    where it ends its process.
    """
    command = [sys.executable, "-c", _LOAD, name, value, _MARK]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    # The plugin may print too, before and after.
    lines = done.stdout.splitlines()
    *_, (number, told) = [(number, line) for number, line in enumerate(lines) if line.startswith(_MARK)]
    load = Load(**json.loads(told.removeprefix(_MARK)))
    load.did += printed(*lines[:number], *lines[number + 1 :], done.stderr)
    return load
