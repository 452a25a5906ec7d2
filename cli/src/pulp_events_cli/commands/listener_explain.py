"""`pulp-admin event listener explain`: who would get an event, and why or why not."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events.system.clock import iso_z
from pulp_events_cli.commands.emit import add_report, read_report
from pulp_events_cli.errors import DONE
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_table
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import local_time
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.bus.explanation import Explanation


def fill(parser: Parser) -> None:
    """Add the options."""
    parser.add_argument("--event-type", required=True, metavar="TYPE", help="event type of the event in question")
    add_report(parser)
    parser.add_argument("--listener-id", metavar="ID", help="only this listener, by id or name")
    parser.epilog = "Nothing is emitted. Filters and plugins are applied as they would be to an event emitted now."
    parser.set_defaults(run=run)


def run(bus: EventBus, arguments: argparse.Namespace) -> int:
    """Print a line for each listener."""
    payload, call_report = read_report(arguments)
    chosen = None if arguments.listener_id is None else listener_ids.find(bus, arguments.listener_id).id
    found = [
        each for each in bus.explain(arguments.event_type, payload, call_report) if chosen in (None, each.listener.id)
    ]
    if arguments.json:
        print_json(
            [
                {
                    "listener_id": each.listener.id,
                    "notifier_type_id": each.listener.notifier_type_id,
                    "gets": each.gets,
                    "cause": each.cause,
                    "reason": each.reason,
                }
                for each in found
            ]
        )
    elif found:
        rows = [(each.listener.id, each.listener.notifier_type_id, each.gets, _reason(each)) for each in found]
        show_table(("LISTENER", "TYPE", "GETS IT", "REASON"), rows)
    else:
        confirm("There are no listeners")
    return DONE


def _reason(each: Explanation) -> str:
    """The reason, with the time in the local zone."""
    until = each.listener.muted_until
    return each.reason if until is None else each.reason.replace(iso_z(until), local_time(until))
