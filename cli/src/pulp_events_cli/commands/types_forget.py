"""`pulp-admin event types forget`: removes event types of applications that nobody has any more."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pulp_events_cli.errors import DONE, CommandFailed, UsageError
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import count
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus


def fill(parser: Parser) -> None:
    """Add the arguments."""
    parser.add_argument("event_type", metavar="EVENT-TYPE", nargs="*", help="name of an event type")
    parser.add_argument("--stale", action="store_true", help="those that no process has told of for 30 days")
    parser.epilog = (
        "An application that still has an event type tells of it again, when it starts and twice a day. Listeners and "
        "stored events are left as they are."
    )
    parser.set_defaults(run=_run, deliver="external", only_reads=False)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    if arguments.stale == bool(arguments.event_type):
        raise UsageError("name event types, or give --stale")
    known = bus.learn_event_types()
    if unknown := [name for name in arguments.event_type if name not in known]:
        raise CommandFailed(_unknown(bus, unknown[0]))
    now = datetime.now(UTC)
    names = arguments.event_type or [name for name, each in known.items() if each.is_stale(now)]
    bus.forget_event_types(names)
    if arguments.json:
        print_json({"forgotten": sorted(set(names))})
    else:
        confirm(f"{count(len(set(names)), 'event type', 'event types')} forgotten")
    return DONE


def _unknown(bus: EventBus, name: str) -> str:
    if name in bus.event_types:
        return f"{name} comes with core or a plugin, and cannot be forgotten"
    return f"no application registered {name!r:.60}; `pulp-admin event types` lists the event types"
