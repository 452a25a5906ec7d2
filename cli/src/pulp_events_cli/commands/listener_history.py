"""`pulp-admin event listener history`: who changed which listener, and how."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events_cli.commands.one_listener import add_listener_id
from pulp_events_cli.commands.span import check_span
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.output import listener_changes
from pulp_events_cli.output.listener_changes import CHANGES
from pulp_events_cli.output.listing import show_list
from pulp_events_cli.output.screen import show_lines
from pulp_events_cli.parser.argument_types import moment, positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus

PAGE = 20


def fill(parser: Parser) -> None:
    """Add the options."""
    add_listener_id(parser, "only this listener, by id or name; it may have been deleted", required=False)
    since = "2026-11-24T08:00, or 2h for two hours ago"
    parser.add_argument("--since", type=moment, metavar="TIME", help=f"only changes made at or after: {since}")
    parser.add_argument("--until", type=moment, metavar="TIME", help="only changes made before this time")
    parser.add_argument(
        "--limit", type=positive, default=PAGE, metavar="NUMBER", help=f"maximum number to show; default: {PAGE}"
    )
    add_table(parser, CHANGES, paged=True, or_table="a line for each change, without values")
    parser.epilog = (
        "The newest change comes first. Secrets are masked. Changes are kept for keep_history in section [events] of "
        "server.conf."
    )
    parser.set_defaults(run=_run, only_reads=True)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    check_span(arguments)
    chosen = None if arguments.listener_id is None else listener_ids.once(bus, arguments.listener_id)
    found = bus.listeners.history(chosen, since=arguments.since, until=arguments.until, limit=arguments.limit)
    return show_list(
        CHANGES,
        bus,
        found,
        arguments,
        listener_changes.for_json,
        nothing="no changes are known",
        instead=lambda found: show_lines(line for change in found for line in listener_changes.lines(change)),
    )
