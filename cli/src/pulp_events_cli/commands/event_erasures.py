"""`pulp-admin event erasures`: the records of what was erased."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pulp_events_cli.errors import DONE
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_table
from pulp_events_cli.output.text import local_time
from pulp_events_cli.parser.argument_types import positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.erasure import Erasure

PAGE = 50
HEADINGS = ("TIME", "FINISHED", "BY", "EVENTS", "PENDING", "UNDER WAY", "DETAILS", "ASKED FOR")


def fill(parser: Parser, session: Session) -> None:
    """Add the option."""
    parser.add_argument(
        "--limit", type=positive, default=PAGE, metavar="NUMBER", help=f"maximum number to list; default: {PAGE}"
    )
    parser.epilog = (
        "Values in expressions are masked. One that is not finished was interrupted: something may be left in the "
        "files until `pulp-admin event erase` is run again."
    )
    parser.set_defaults(run=_run)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    found = bus.events.erasures(limit=arguments.limit)
    if arguments.json:
        print_json([_for_json(each) for each in found])
    elif found:
        show_table(HEADINGS, map(_row, found))
    return DONE


def _for_json(each: Erasure) -> dict[str, Any]:
    head = {"id": each.id, "began": each.began, "ended": each.ended, "by": each.by, "asked": each.asked}
    return {**head, **asdict(each.erased)}


def _row(each: Erasure) -> Sequence[Any]:
    done = each.erased
    finished = "not yet" if each.ended is None else local_time(each.ended)
    counts = (done.events, done.pending, done.under_way, done.details)
    return (local_time(each.began), finished, each.by, *counts, each.asked)
