"""What it costs each start of `pulp-admin` that a plugin is installed, and what is imported with it.

It is loaded in a process of its own, which it may hang or end without harm.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
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
PATIENCE = 20.0
"""Seconds after which a plugin that still loads is said to hang."""
_GRACE = 10.0
"""Further seconds after which its process is ended from here."""

_LOAD = """
import faulthandler, gc, json, os, sys, time
from pathlib import Path
import pulp_events.bus.event_bus, pulp_events_cli.main, pulp_events_cli.parser.root
from pulp_events.plugins.discovery import FoundEntryPoint
from pulp_events.plugins.loader import Loader
from pulp_events.testing.import_watch import Watch
name, value = sys.argv[1:3]
loader = Loader()
before = set(sys.modules)
gc.disable()  # as pulp-admin does
faulthandler.dump_traceback_later(float(sys.argv[4]), exit=True)
with Watch() as watch:
    start = time.perf_counter()
    plugin = loader.load(name, FoundEntryPoint(name, value, Path()).load)
    seconds = time.perf_counter() - start
found = {"seconds": seconds, "reason": plugin.reason, "modules": sorted(set(sys.modules) - before), "did": watch.seen}
faulthandler.cancel_dump_traceback_later()
print("\\n" + sys.argv[3] + json.dumps(found), flush=True)
os._exit(0)  # whatever threads it started
"""
_MARK = "pulp-events load: "
_HUNG = "Timeout ("
"""What faulthandler writes."""
_WHERE = re.compile(r'File "(.*)", line (\d+) in <module>')


class NotLoaded(Exception):
    """It did not come to an end, or ended its process; the message says what, where, and how to mend it."""


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

    `environment`: that of the process, else ours. Raises NotLoaded where it hangs or ends its process, OSError where
    there can be no process.
    """
    # -P: like pulp-admin, it finds no modules in the current folder
    command = [sys.executable, "-P", "-c", _LOAD, name, value, _MARK, str(PATIENCE)]
    out, err, code = _run(command, environment)
    # The plugin may print too, before and after.
    lines = out.splitlines()
    told = [number for number, line in enumerate(lines) if line.startswith(_MARK)]
    if not told:
        raise NotLoaded(_why(value.partition(":")[0], err, code))
    load = Load(**json.loads(lines[told[-1]].removeprefix(_MARK)))
    load.did += printed(*lines[: told[-1]], *lines[told[-1] + 1 :], err)
    return load


def _run(command: list[str], environment: Mapping[str, str] | None) -> tuple[str, str, int | None]:
    """What the process wrote to its two streams, and its exit status; None if it had to be ended."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        try:
            return *process.communicate(timeout=PATIENCE + _GRACE), process.returncode
        except subprocess.TimeoutExpired:
            return "", "", None
        finally:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)  # what it started, too


def _why(module: str, err: str, code: int | None) -> str:
    if code is None or _HUNG in err:
        found = _WHERE.search(err.rpartition(_HUNG)[2])
        where = f", and is at line {found[2]} of {found[1]}" if found else ""
        return f"importing {module} has not ended after {PATIENCE:g} s{where}; a module must define things and return"
    ended = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    return f"importing {module} ended the process {ended}; a module must not call os._exit(), nor end by a signal"
