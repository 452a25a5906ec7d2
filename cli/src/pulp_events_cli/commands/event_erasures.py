"""`pulp-admin event erasures`: the records of what was erased."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pulp_events_cli.output.kinds import MOMENT, Moments
from pulp_events_cli.output.listing import show_list
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.parser.argument_types import positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.erasure import Erasure

PAGE = 50
ERASURES = Table(
    "erasures",
    Column("time", lambda each: each.began, kind=MOMENT, rank=0),
    Column("finished", lambda each: each.ended, kind=Moments(none="not yet"), rank=4),
    Column("by", lambda each: each.by, rank=3, least=8),
    Column("events", lambda each: each.erased.events, rank=1, right=True),
    Column("pending", lambda each: each.erased.pending, rank=5, right=True),
    Column("under_way", lambda each: each.erased.under_way, rank=6, right=True),
    Column("details", lambda each: each.erased.details, rank=7, right=True),
    Column("asked", lambda each: each.asked, "ASKED FOR", rank=2, least=12),
)


def fill(parser: Parser, session: Session) -> None:
    """Add the option."""
    parser.add_argument(
        "--limit", type=positive, default=PAGE, metavar="NUMBER", help=f"maximum number to list; default: {PAGE}"
    )
    add_table(parser, ERASURES, paged=True)
    parser.epilog = (
        "Values in expressions are masked. One that is not finished was interrupted: something may be left in the "
        "files until `pulp-admin event erase` is run again."
    )
    parser.set_defaults(run=_run, only_reads=True)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    found = bus.events.erasures(limit=arguments.limit)
    return show_list(ERASURES, bus, found, arguments, _for_json, nothing="nothing was erased")


def _for_json(each: Erasure) -> dict[str, Any]:
    head = {"id": each.id, "began": each.began, "ended": each.ended, "by": each.by, "asked": each.asked}
    return {**head, **asdict(each.erased)}
