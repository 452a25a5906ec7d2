"""The options that choose deliveries, by what they are."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pulp_events.errors import UnknownEventType
from pulp_events.outbox.states import State
from pulp_events_cli import own_files
from pulp_events_cli.commands.labelled import add_label, labels_in, with_labels
from pulp_events_cli.commands.listener_list import check_type
from pulp_events_cli.commands.span import check_span
from pulp_events_cli.ids import events as event_ids
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.parser.argument_types import moment, some_text
from pulp_events_cli.parser.once import Once
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus


def add_query(parser: Parser, states: tuple[State, ...], note: str = "", *, until: bool = True) -> None:
    """Add the options; `states`: those that deliveries may be in, `note`: what to say of them.

    `until`: False leaves out the option that says where to end.
    """
    if states:
        parser.add_argument(
            "--state",
            action=Once,
            choices=states,
            metavar="STATE",
            help=f"only deliveries in this state: {', '.join(states)}{note}",
        )
    parser.add_argument(
        "--listener-id",
        action=Once,
        type=some_text,
        metavar="ID",
        help="only deliveries to this listener, by id or name",
    )
    parser.add_argument(
        "--type", action=Once, type=some_text, metavar="TYPE", help="only deliveries to listeners of this notifier type"
    )
    add_label(parser, "only deliveries to listeners with this label")
    parser.add_argument("--event-id", action=Once, type=some_text, metavar="ID", help="only deliveries of this event")
    parser.add_argument(
        "--event-type",
        action=Once,
        type=some_text,
        metavar="TYPE",
        help="only deliveries of this event type, or of types that match this pattern",
    )
    since = "2026-11-24T08:00, or 2h for two hours ago"
    parser.add_argument(
        "--since", type=moment, metavar="TIME", help=f"only events emitted at or after this time: {since}"
    )
    if until:
        parser.add_argument("--until", type=moment, metavar="TIME", help="only events emitted before this time")
    parser.add_argument(
        "--error", action=Once, type=some_text, metavar="TEXT", help="only deliveries whose detail contains this text"
    )


def read_query(bus: EventBus, arguments: argparse.Namespace) -> dict[str, Any]:
    """What those options ask for, as arguments of `DeliveryQuery`. Raises UsageError, UnknownEventType, …"""
    check_span(arguments)
    own_files.warn_of_set_aside(bus)
    names = ("state", "listener_id", "event_id", "event_type", "since", "until", "error")
    found = {name: getattr(arguments, name, None) for name in names}
    if found["state"]:
        found["state"] = State(found["state"])
    if found["listener_id"]:
        found["listener_id"] = listener_ids.for_query(bus, found["listener_id"])
    if found["event_id"]:
        found["event_id"] = event_ids.find(bus, found["event_id"]).id
    if found["event_type"]:
        _check_event_type(bus, found["event_type"])
    if arguments.type is not None:
        check_type(bus, arguments.type)
        found["notifier_type_id"] = arguments.type
    if labels := labels_in(arguments):
        found["listener_ids"] = [each.id for each in with_labels(bus, labels)]
    return {name: value for name, value in found.items() if value is not None}


def _check_event_type(bus: EventBus, event_type: str) -> None:
    """Refuse a type or pattern that fits nothing: neither a registered type, nor that of any event in the ledger."""
    from pulp_events.outbox.records import DeliveryQuery

    try:
        bus.event_types.check_pattern(event_type)
    except UnknownEventType:
        if not bus.deliveries.list(DeliveryQuery(event_type=event_type), limit=1):
            raise
