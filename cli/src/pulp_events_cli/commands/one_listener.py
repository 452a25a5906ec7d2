"""`pulp-admin event listener show|delete|enable|disable`, and what all commands on one listener have in common."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pulp_events_cli.commands import become_due
from pulp_events_cli.errors import CommandFailed, UsageError
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.output import listener_records
from pulp_events_cli.output.asking import agreed, can_ask
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_records
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.parser.argument_types import some_text
from pulp_events_cli.parser.once import Once
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener

NO_CHANGES = "No changes were made"
LISTENER_ID_HELP = "id of the listener, as `list` shows it, a unique prefix of it, or its name"


def add_listener_id(
    parser: Parser, help: str = LISTENER_ID_HELP, *, required: bool = True, several: bool = False
) -> None:
    """The option that names a listener; its own name may be left out."""
    action: Any = "append" if several else Once
    added = parser.add_argument(
        "--listener-id", action=action, type=some_text, required=required, metavar="ID", help=help
    )
    added.bare = True  # type: ignore[attr-defined]


def add_yes(parser: Parser) -> None:
    """The option that keeps `ask` from asking."""
    parser.add_argument("--yes", action="store_true", help="do not ask, on a terminal, whether to go on")


def ask(arguments: argparse.Namespace, question: str) -> None:
    """Whether to go on, where somebody is there to say. Raises CommandFailed if not."""
    if not arguments.yes and can_ask() and not agreed(question):
        raise CommandFailed("nothing was changed")


def refuse_other_type(listener: Listener, type_id: str, command: str) -> None:
    """A listener is changed in the section of its own type only, whose schema its options come from."""
    if listener.notifier_type_id != type_id:
        raise UsageError(
            f"listener {listener.id} is of type {listener.notifier_type_id}; "
            f"use `pulp-admin event listener {listener.notifier_type_id} {command}`"
        )


def fill_delete(parser: Parser) -> None:
    """Add the options of `delete`."""
    add_listener_id(parser)
    add_yes(parser)
    parser.set_defaults(run=_delete)


def fill_show(parser: Parser) -> None:
    """Add the options of `show`."""
    add_listener_id(parser)
    parser.set_defaults(run=_show, only_reads=True)


def fill_enable(parser: Parser) -> None:
    """Add the options of `enable`."""
    add_listener_id(parser)
    parser.set_defaults(run=_enable)


def fill_disable(parser: Parser) -> None:
    """Add the options of `disable`."""
    add_listener_id(parser)
    parser.add_argument("--reason", metavar="TEXT", help="reason, shown with the listener")
    parser.set_defaults(run=_disable)


def _show(bus: EventBus, arguments: argparse.Namespace) -> int:
    listener = listener_ids.find(bus, arguments.listener_id)
    health = bus.deliveries.health(listener.id)
    if arguments.json:
        print_json(listener_records.for_json(bus, listener, health))
    else:
        show_records([listener_records.full(bus, listener, health)])
    return 0


def _delete(bus: EventBus, arguments: argparse.Namespace) -> int:
    listener = listener_ids.find(bus, arguments.listener_id)
    ask(arguments, f"Delete event listener {listener.name or listener.id}, with its pending deliveries?")
    return report(bus, arguments, bus.listeners.delete(listener.id), "deleted")


def _enable(bus: EventBus, arguments: argparse.Namespace) -> int:
    before = listener_ids.find(bus, arguments.listener_id)
    waiting = become_due.waiting(bus, [before])
    after = bus.listeners.enable(before.id)
    code = report(bus, arguments, after, "enabled" if after != before else None)
    become_due.say(bus, arguments, waiting, [after])
    return code


def _disable(bus: EventBus, arguments: argparse.Namespace) -> int:
    before = listener_ids.find(bus, arguments.listener_id)
    after = bus.listeners.disable(before.id, arguments.reason or None)
    return report(bus, arguments, after, "disabled" if after != before else None)


def report(bus: EventBus, arguments: argparse.Namespace, listener: Listener, done: str | None) -> int:
    """Say what was done to the listener; None: nothing."""
    if arguments.json:
        print_json(listener_records.for_json(bus, listener))
    else:
        confirm(f"Event listener successfully {done}" if done else NO_CHANGES)
    return 0
