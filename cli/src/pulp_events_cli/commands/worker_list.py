"""`pulp-admin event worker list`: the processes at work on the outbox."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pulp_events_cli.errors import DONE, UsageError
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_table
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import local_time, span
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.presence import Presence

HEADINGS = ("STATE", "KIND", "HOST", "PID", "VERSION", "STARTED", "LAST SEEN", "IN FLIGHT")


def fill(parser: Parser) -> None:
    """Set what is run."""
    parser.epilog = (
        "Each process that delivers is heard every 20 seconds; one that only emits, when it emits. A process that is "
        "gone ended without saying so, as when it is killed, or hangs; it is listed for a day. --json has versions "
        "of Python and of plugins, and notifier types, too."
    )
    parser.set_defaults(run=_run, deliver="external")


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    if arguments.drain or arguments.print_unit or arguments.imports or arguments.processes != 1:
        raise UsageError("the options before `list` are those of a worker that is to run; leave them out")
    found = bus.workers()
    if arguments.json:
        print_json([_for_json(each) for each in found])
    elif found:
        show_table(HEADINGS, map(_row, found))
    else:
        confirm("No process is at work on the outbox.")
    return DONE


def state(each: Presence) -> str:
    """What it is doing, in a word."""
    if each.gone:
        return "gone"
    return "delivering" if each.delivers else "emitting"


def _for_json(each: Presence) -> dict[str, Any]:
    return {"state": state(each), **{one.name: getattr(each, one.name) for one in fields(each) if one.name != "gone"}}


def _row(each: Presence) -> Sequence[Any]:
    head = (state(each), each.kind, each.host, each.pid, each.version)
    return (*head, local_time(each.started), f"{span(each.silent)} ago", each.in_flight)
