"""`pulp-admin event listener`: commands on listeners, and a section for each notifier type."""

from __future__ import annotations

import argparse
import importlib
from typing import TYPE_CHECKING

from pulp_events_cli import listener_ids
from pulp_events_cli.errors import UsageError
from pulp_events_cli.output import listeners as records
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_records
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.parser.parser import OTHER_COMMANDS, Fill, Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.bus import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.notifier import Notifier

NO_CHANGES = "No changes were made"
LISTENER_ID_HELP = "id of the listener, as `list` shows it, or its beginning if no other begins so"


def fill(parser: Parser, session: Session) -> None:
    """Add the commands of ours; the sections of the notifier types come when they are needed."""
    parser.usage_name = "pulp-admin listener"  # as the user guide has it
    parser.offer("delete", "delete an event listener", _on_one(_delete))
    parser.offer("list", "list all of the event listeners in the system", _later("listener_list"))
    parser.offer("show", "show an event listener in full", _on_one(_show))
    parser.offer("test", "send a test event to a listener now", _later("listener_test"))
    # Longer than `delete`: among the others they would move the columns that the user guide shows.
    waiting = "deliver nothing to a listener until it is enabled"
    parser.offer("disable", waiting, _fill_disable, group=OTHER_COMMANDS)
    parser.offer("enable", "deliver to a disabled listener again", _on_one(_enable), group=OTHER_COMMANDS)
    files = "listener_files"
    parser.offer("apply", "make listeners what a file says", _later(files, "fill_apply"), group=OTHER_COMMANDS)
    parser.offer("export", "write listeners as a file", _later(files, "fill_export"), group=OTHER_COMMANDS)
    parser.offer("explain", "say who would get an event, and why", _later("listener_explain"), group=OTHER_COMMANDS)
    mute = "listener_mute"
    parser.offer("mute", "deliver nothing to a listener for a while", _later(mute, "fill_mute"), group=OTHER_COMMANDS)
    parser.offer("unmute", "end a mute before its time", _later(mute, "fill_unmute"), group=OTHER_COMMANDS)
    parser.fill_later(lambda parser: _fill_types(parser, session))
    parser.explain_unknown = lambda word, hint: _explain_unknown(word, hint, session)


def add_listener_id(parser: Parser) -> None:
    """The option that names a listener."""
    parser.add_argument("--listener-id", required=True, metavar="ID", help=LISTENER_ID_HELP)


def refuse_other_type(listener: Listener, type_id: str, command: str) -> None:
    """A listener is changed in the section of its own type only, whose schema its options come from."""
    if listener.notifier_type_id != type_id:
        raise UsageError(
            f"listener {listener.id} is of type {listener.notifier_type_id}; "
            f"use `pulp-admin event listener {listener.notifier_type_id} {command}`"
        )


def _on_one(run: object) -> Fill:
    def fill(parser: Parser) -> None:
        add_listener_id(parser)
        parser.set_defaults(run=run)

    return fill


def _later(module: str, name: str = "fill") -> Fill:
    """What fills the parser of a command that has a module of its own, imported when the command is used."""

    def fill(parser: Parser) -> None:
        getattr(importlib.import_module(f"pulp_events_cli.commands.{module}"), name)(parser)

    return fill


def _fill_disable(parser: Parser) -> None:
    add_listener_id(parser)
    parser.add_argument("--reason", metavar="TEXT", help="why, to be shown with the listener")
    parser.set_defaults(run=_disable)


def _fill_types(parser: Parser, session: Session) -> None:
    for notifier in session.plugins.notifiers.values():
        parser.offer(notifier.type_id, f"manage {notifier.type_id} listeners", _type_section(notifier, session))
    if not session.plugins.notifiers:
        parser.epilog = _no_notifier(session)


def _type_section(notifier: Notifier, session: Session) -> Fill:
    def fill(parser: Parser) -> None:
        from pulp_events_cli.commands import listener_type

        listener_type.fill(parser, notifier, session)

    return fill


def _no_notifier(session: Session) -> str:
    from pulp_events.plugins.registry import FIRST_PARTY

    if session.options.no_plugins:
        return "No notifier type is there, as --no-plugins was given."
    packages = ", ".join(f"`pip install {package}` ({type_id})" for type_id, package in FIRST_PARTY.items())
    return (
        f"No notifier is installed, so no listener can be created. These bring one: {packages}. "
        "`pulp-admin event plugin list` shows plugins that could not be loaded."
    )


def _explain_unknown(word: str, hint: str, session: Session) -> str:
    from pulp_events.plugins.registry import FIRST_PARTY

    for plugin in session.plugins.all:
        if plugin.name == word:
            return f"plugin {word} brings no notifier type {word!r}: {plugin.reason or 'it has others'}"
    if word in FIRST_PARTY:
        off = "it was not loaded, as --no-plugins was given" if session.options.no_plugins else ""
        return f"unknown notifier type {word!r}; {off or f'pip install {FIRST_PARTY[word]} brings it'}"
    installed = ", ".join(session.plugins.notifiers) or "none"
    return f"unknown notifier type or command {word!r:.60}{hint}; notifier types: {installed}"


def _show(bus: EventBus, arguments: argparse.Namespace) -> int:
    listener = listener_ids.find(bus, arguments.listener_id)
    if arguments.json:
        print_json(records.for_json(bus, listener, bus.deliveries.health()))
    else:
        show_records([records.full(bus, listener, bus.deliveries.health())])
    return 0


def _delete(bus: EventBus, arguments: argparse.Namespace) -> int:
    listener = listener_ids.find(bus, arguments.listener_id)
    return report(bus, arguments, bus.listeners.delete(listener.id), "deleted")


def _enable(bus: EventBus, arguments: argparse.Namespace) -> int:
    before = listener_ids.find(bus, arguments.listener_id)
    after = bus.listeners.enable(before.id)
    return report(bus, arguments, after, "enabled" if after != before else None)


def _disable(bus: EventBus, arguments: argparse.Namespace) -> int:
    before = listener_ids.find(bus, arguments.listener_id)
    after = bus.listeners.disable(before.id, arguments.reason or None)
    return report(bus, arguments, after, "disabled" if after != before else None)


def report(bus: EventBus, arguments: argparse.Namespace, listener: Listener, done: str | None) -> int:
    """Say what was done to the listener; None: nothing."""
    if arguments.json:
        print_json(records.for_json(bus, listener))
    else:
        confirm(f"Event listener successfully {done}" if done else NO_CHANGES)
    return 0
