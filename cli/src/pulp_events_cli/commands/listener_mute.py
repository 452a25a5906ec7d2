"""`pulp-admin event listener mute|unmute`: deliver nothing to a listener, or all with a label, for a while."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events_cli.commands.labelled import add_label, labels_in, with_labels
from pulp_events_cli.commands.one_listener import LISTENER_ID_HELP, NO_CHANGES, report
from pulp_events_cli.errors import UsageError
from pulp_events_cli.ids.listener_ids import find
from pulp_events_cli.output import listener_records
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import count
from pulp_events_cli.parser.argument_types import duration
from pulp_events_cli.parser.once import Once
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener


def fill_mute(parser: Parser) -> None:
    """Add the options of `mute`."""
    _add_one_or_labelled(parser)
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
    _add_one_or_labelled(parser)
    parser.set_defaults(run=_unmute)


def _add_one_or_labelled(parser: Parser) -> None:
    """The options that name one listener, or choose all that have certain labels."""
    parser.add_argument("--listener-id", action=Once, metavar="ID", help=LISTENER_ID_HELP)
    add_label(parser, "instead of one listener, all with this label")


def _labelled(bus: EventBus, arguments: argparse.Namespace) -> list[Listener] | None:
    """Those with the labels that are asked for; None if one is named by --listener-id.

    Raises UsageError unless it is just one of the two, CommandFailed if no listener has the labels.
    """
    labels = labels_in(arguments)
    if bool(labels) == (arguments.listener_id is not None):
        raise UsageError("choose the listeners in one way: one with --listener-id, or all that have a --label")
    return with_labels(bus, labels) if labels else None


def _mute(bus: EventBus, arguments: argparse.Namespace) -> int:
    several = _labelled(bus, arguments)
    if several is None:
        listener = bus.listeners.mute(find(bus, arguments.listener_id).id, arguments.length, drop=arguments.drop)
        return report(bus, arguments, listener, "muted")
    with bus.listeners.together(missing_ok=True) as muting:
        for listener in several:
            muting.mute(listener.id, arguments.length, drop=arguments.drop)
    return _report_all(bus, arguments, several, "muted")


def _unmute(bus: EventBus, arguments: argparse.Namespace) -> int:
    several, now = _labelled(bus, arguments), bus.clock.time()
    if several is None:
        listener = find(bus, arguments.listener_id)
        was = listener.muted_for(now) > 0
        return report(bus, arguments, bus.listeners.unmute(listener.id), "unmuted" if was else None)
    with bus.listeners.together(missing_ok=True) as unmuting:
        for listener in several:
            unmuting.unmute(listener.id)
    return _report_all(bus, arguments, [each for each in several if each.muted_for(now)], "unmuted")


def _report_all(bus: EventBus, arguments: argparse.Namespace, changed: list[Listener], done: str) -> int:
    """Say what was done to several; those that were deleted meanwhile do not count."""
    ids = {listener.id for listener in changed}
    left = [listener for listener in bus.listeners.list() if listener.id in ids]
    if arguments.json:
        print_json([listener_records.for_json(bus, listener) for listener in left])
    else:
        number = count(len(left), "event listener", "event listeners")
        confirm(f"{number} successfully {done}" if left else NO_CHANGES)
    return 0
