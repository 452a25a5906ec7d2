"""`pulp-admin event listener list`: all listeners, or some of them with how their deliveries went."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pulp_events_cli.commands.labelled import add_label, labels_in
from pulp_events_cli.output import listener_records, listener_table
from pulp_events_cli.output.listener_table import LISTENERS
from pulp_events_cli.output.listing import show_list, wants_table
from pulp_events_cli.output.screen import show_records
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener


def fill(parser: Parser) -> None:
    """Add the options."""
    parser.add_argument("--type", metavar="TYPE", help="only listeners of this notifier type")
    parser.add_argument(
        "--event-type", metavar="TYPE", help="only listeners that match this event type or have this pattern"
    )
    parser.add_argument("--name", metavar="PATTERN", help="only listeners with this name; * stands for any characters")
    add_label(parser, "only listeners with this label")
    parser.add_argument("--disabled", action="store_true", help="only disabled listeners")
    parser.add_argument("--muted", action="store_true", help="only listeners that are muted now")
    parser.add_argument("--failing", action="store_true", help="only listeners with failures since their last success")
    parser.add_argument(
        "--health", action="store_true", help="show the last outcome and the last success of each listener"
    )
    add_table(parser, LISTENERS, or_table="a line for each listener, with the usual columns")
    parser.epilog = "Options that filter the list also show health."
    parser.set_defaults(run=run, reads_listeners=True, only_reads=True)


def run(bus: EventBus, arguments: argparse.Namespace) -> int:
    """Print those that fit."""
    listeners = bus.listeners.list(labels=labels_in(arguments))
    found = [listener for listener in listeners if _fits(bus, listener, arguments)]
    filters = ("failing", "disabled", "muted", "type", "event_type", "name", "label")
    filtered = any(getattr(arguments, each) for each in filters)
    with_health = arguments.health or filtered or listener_table.needs_health(arguments)
    with_health = with_health or (wants_table(arguments) and arguments.columns is None and not arguments.json)
    health = bus.deliveries.health() if with_health else None
    if arguments.failing and health is not None:
        found = [listener for listener in found if listener.id in health and health[listener.id].failures]
    rows = [listener_table.Row(bus, each, health) for each in found]
    return show_list(
        LISTENERS,
        bus,
        rows,
        arguments,
        for_json=lambda row: listener_records.for_json(bus, row.listener, health),
        instead=lambda rows: show_records(listener_records.brief(bus, row.listener, health) for row in rows),
    )


def _fits(bus: EventBus, listener: Listener, arguments: argparse.Namespace) -> bool:
    if arguments.type is not None:
        check_type(bus, arguments.type)
        if listener.notifier_type_id != arguments.type:
            return False
    if arguments.name is not None and not fnmatchcase(listener.name or "", arguments.name):
        return False
    if arguments.event_type is not None and not _hears(bus, listener, arguments.event_type):
        return False
    if arguments.muted and not listener.muted_for(bus.clock.time()):
        return False
    return not (arguments.disabled and listener.enabled)


def check_type(bus: EventBus, type_id: str) -> None:
    """Refuse a type that is neither installed nor that of any listener."""
    if all(listener.notifier_type_id != type_id for listener in bus.listeners.list()):
        bus.plugins.notifier(type_id)


def _hears(bus: EventBus, listener: Listener, text: str) -> bool:
    from pulp_events.events import pattern

    if text in listener.event_types:
        return True
    bus.event_types.check_pattern(text)
    return not pattern.is_pattern(text) and any(pattern.matches(each, text) for each in listener.event_types)
