"""`pulp-admin event listener mute|unmute`: deliver nothing to a listener for a while."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events_cli.commands.one_listener import add_listener_id, report
from pulp_events_cli.ids import listeners as listener_ids
from pulp_events_cli.parser.argument_types import duration
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus


def fill_mute(parser: Parser) -> None:
    """Add the options of `mute`."""
    add_listener_id(parser)
    parser.add_argument(
        "--for", dest="length", type=duration, required=True, metavar="DURATION", help="how long, such as 30m or 2h"
    )
    parser.add_argument(
        "--drop",
        action="store_true",
        help="record deliveries of events emitted meanwhile as dead, instead of letting them wait",
    )
    parser.epilog = (
        "The mute ends by itself. Deliveries that are already pending wait in any case. An earlier mute is replaced."
    )
    parser.set_defaults(run=_mute)


def fill_unmute(parser: Parser) -> None:
    """Add the options of `unmute`."""
    add_listener_id(parser)
    parser.set_defaults(run=_unmute)


def _mute(bus: EventBus, arguments: argparse.Namespace) -> int:
    listener = listener_ids.find(bus, arguments.listener_id)
    return report(bus, arguments, bus.listeners.mute(listener.id, arguments.length, drop=arguments.drop), "muted")


def _unmute(bus: EventBus, arguments: argparse.Namespace) -> int:
    listener = listener_ids.find(bus, arguments.listener_id)
    was = listener.muted_for(bus.clock.time()) > 0
    return report(bus, arguments, bus.listeners.unmute(listener.id), "unmuted" if was else None)
