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
from pulp_events_cli.parser.table_options import add_table

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.presence import Presence


class _Ago(Kind):
    """Seconds since something."""

    def whole(self, value: float) -> str:
        return f"{span(value)} ago"


WORKERS = Table(
    "processes",
    Column("state", lambda each: state(each), rank=0),
    Column("kind", lambda each: each.kind, rank=4, least=8),
    Column("host", lambda each: each.host, rank=2, least=10),
    Column("pid", lambda each: each.pid, rank=1),
    Column("version", lambda each: each.version, rank=6),
    Column("started", lambda each: each.started, kind=MOMENT, rank=7),
    Column("last_seen", lambda each: each.silent, kind=_Ago(), rank=3),
    Column("in_flight", lambda each: each.in_flight, rank=5, brief_heading="NOW", right=True),
)


def fill(parser: Parser) -> None:
    """Set what is run."""
    parser.epilog = (
        "Each process that delivers is heard every 20 seconds; one that only emits, when it emits. A process that is "
        "gone ended without saying so, as when it is killed, or hangs; it is listed for a day. --json has versions "
        "of Python and of plugins, and notifier types, too."
    )
    add_table(parser, WORKERS)
    parser.set_defaults(run=_run, deliver="external")


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    if arguments.drain or arguments.print_unit or arguments.imports or arguments.processes != 1:
        raise UsageError("the options before `list` are those of a worker that is to run; leave them out")
    nothing = "no process is at work on the outbox"
    return show_list(WORKERS, bus, bus.workers(), arguments, _for_json, nothing, filters=False)


def state(each: Presence) -> str:
    """What it is doing, in a word."""
    if each.gone:
        return "gone"
    return "delivering" if each.delivers else "emitting"


def _for_json(each: Presence) -> dict[str, Any]:
    return {"state": state(each), **{one.name: getattr(each, one.name) for one in fields(each) if one.name != "gone"}}
