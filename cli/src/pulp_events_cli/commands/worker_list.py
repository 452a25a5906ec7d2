"""`pulp-admin event worker list`: the processes at work on the outbox."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pulp_events_cli.errors import UsageError
from pulp_events_cli.output.kinds import MOMENT, Kind
from pulp_events_cli.output.listing import show_list
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.text import span
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.plugin_options import given
from pulp_events_cli.parser.table_options import add_table

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.presence import Presence


class Ages(Kind):
    """Seconds since something."""

    def whole(self, value: float) -> str:
        return f"{span(value)} ago"


PROCESSES = Table(
    "processes",
    Column("state", lambda each: state(each), rank=1),
    Column("kind", lambda each: each.kind, rank=4),
    Column("host", lambda each: each.host, rank=0),
    Column("pid", lambda each: each.pid, rank=0, right=True),
    Column("version", lambda each: each.version, rank=3),
    Column("started", lambda each: each.started, kind=MOMENT, rank=5),
    Column("last_seen", lambda each: each.silent, kind=Ages(), rank=2),
    Column("in_flight", lambda each: each.in_flight, rank=6, right=True),
    Column("id", lambda each: each.id, extra=True),
    Column("python", lambda each: each.python, extra=True),
    Column("plugins", lambda each: each.plugins, extra=True),
    Column("notifier_types", lambda each: each.notifier_types, extra=True),
)


def fill(parser: Parser) -> None:
    """Set what is run."""
    parser.epilog = (
        "Each process that delivers is heard every 20 seconds; one that only emits, when it emits. A process that is "
        "gone ended without saying so, as when it is killed, or hangs; it is listed for a day."
    )
    add_table(parser, PROCESSES)
    parser.set_defaults(run=_run, deliver="external", only_reads=True)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    if (
        arguments.drain
        or arguments.print_unit
        or arguments.imports
        or arguments.processes != 1
        or arguments.log_format is not None
        or given(arguments)
    ):
        raise UsageError("the options before `list` are those of a worker that is to run; leave them out")
    found = bus.workers()
    return show_list(
        PROCESSES, bus, found, arguments, _for_json, nothing="no process is at work on the outbox", filters=False
    )


def state(each: Presence) -> str:
    """What it is doing, in a word."""
    if each.gone:
        return "gone"
    return "delivering" if each.delivers else "emitting"


def _for_json(each: Presence) -> dict[str, Any]:
    return {"state": state(each), **{one.name: getattr(each, one.name) for one in fields(each) if one.name != "gone"}}
