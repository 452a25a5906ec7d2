"""`pulp-admin event delivery tail`: a line for each change of a delivery, as it happens."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from pulp_events_cli.output import delivery_records
from pulp_events_cli.output.delivery_tables import erased_among
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_words
from pulp_events_cli.output.text import first_line, local_time, value_text
from pulp_events_cli.parser.argument_types import duration, positive
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.states import State

WATCHED = 500
"""How many of the newest deliveries are watched."""
_LOOK = 0.2
"""Seconds between questions whether anything was written."""


def fill(parser: Parser) -> None:
    """Add the options of `tail`."""
    parser.add_argument(
        "--last",
        type=positive,
        default=10,
        metavar="NUMBER",
        help="number of recent deliveries to start with; default: 10",
    )
    parser.add_argument("--for", dest="length", type=duration, metavar="DURATION", help="stop after this time")
    parser.epilog = f"Follows the newest {WATCHED} deliveries until you press Ctrl-C."
    parser.set_defaults(run=_run)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    end = None if arguments.length is None else time.monotonic() + arguments.length
    seen: dict[str, tuple[State, int]] = {}
    newest = bus.deliveries.list(limit=WATCHED)
    for delivery in newest[arguments.last :]:
        seen[delivery.id] = _version(delivery)
    bus.outbox.changed()
    try:
        while True:
            seen = _print_changes(bus, newest, seen, arguments)
            while not bus.outbox.changed():
                if end is not None and time.monotonic() >= end:
                    return 0
                time.sleep(_LOOK)
            newest = bus.deliveries.list(limit=WATCHED)
    except KeyboardInterrupt:
        return 0  # the way in which a tail ends


def _version(delivery: Delivery) -> tuple[State, int]:
    # An attempt that has begun is counted already: it is a change once it has ended.
    return delivery.state, delivery.attempts - (delivery.lease is not None)


def _print_changes(
    bus: EventBus, newest: list[Delivery], seen: dict[str, tuple[State, int]], arguments: argparse.Namespace
) -> dict[str, tuple[State, int]]:
    changed = [each for each in reversed(newest) if seen.get(each.id) != _version(each)]
    waiting = bus.deliveries.waiting_for(changed) if arguments.json else {}
    for delivery in changed:
        if arguments.json:
            erased = bool(erased_among(bus, [delivery]))
            shown = delivery_records.for_json(delivery, erased=erased, waiting=waiting.get(delivery.id))
            print_json(shown, one_line=True)
        else:
            moment = local_time(delivery.finished or delivery.event_time)
            words = [
                moment,
                delivery.state,
                delivery.event_type,
                delivery.listener_id,
                delivery.target,
                first_line(delivery.detail),
            ]
            show_words([text for word in words if (text := value_text(word))])
    return {delivery.id: _version(delivery) for delivery in newest}
