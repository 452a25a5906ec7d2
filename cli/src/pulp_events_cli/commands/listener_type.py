"""`pulp-admin event listener TYPE create|update`, made from the notifier's schema, and the notifier's actions."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulp_events.errors import EventsError
from pulp_events.plugins import boundary
from pulp_events_cli import listener_attributes
from pulp_events_cli.commands import become_due
from pulp_events_cli.commands.one_listener import add_listener_id, refuse_other_type, report
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.masked_options import unmasked
from pulp_events_cli.options_from_schema import SchemaOptions
from pulp_events_cli.output import streams
from pulp_events_cli.parser.parser import GENERAL, OTHER_COMMANDS, Fill, Parser
from pulp_events_cli.session import Session
from pulp_events_cli.stray_keys import stray_keys

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.notifier import Action, Notifier

OWN = ("create", "update")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def fill(parser: Parser, notifier: Notifier, session: Session) -> None:
    """Add `create` and `update`; the notifier's actions come when they are needed."""
    options = SchemaOptions(notifier.type_id, notifier.config_schema)
    parser.offer("create", "create a listener", lambda parser: _fill_create(parser, options, session))
    parser.offer("update", notifier.update_help, lambda parser: _fill_update(parser, options, session))
    parser.set_defaults(notifier_type_id=notifier.type_id, options=options)
    parser.fill_later(lambda parser: _fill_actions(parser, notifier))


def _fill_actions(parser: Parser, notifier: Notifier) -> None:
    """Offer the notifier's own commands; one that cannot be is left out, and said."""
    seen: set[str] = set()
    try:
        actions = boundary.actions_of(notifier)
    except EventsError as error:  # create and update still work
        streams.warning(f"{error}; its actions are not available")
        return
    for action in actions:
        if reason := unusable(action, seen):
            streams.warning(f"notifier {notifier.type_id}: {reason}")
        else:
            # Their names may be longer than the guide's, whose columns stay.
            parser.offer(action.name, action.help, _action(notifier, action), group=OTHER_COMMANDS)


def _action(notifier: Notifier, action: Action) -> Fill:
    def fill(parser: Parser) -> None:
        from pulp_events_cli.commands import listener_action

        listener_action.fill(parser, notifier, action)

    return fill


def unusable(action: Any, seen: set[str]) -> str:
    """Why what `actions()` returned can be no command; empty if it can. `seen`: names so far, to which it is added."""
    from marshmallow import Schema

    from pulp_events.notifier import Action
    from pulp_events.plugins.boundary import shown

    if not isinstance(action, Action):
        return f"actions() returned {shown(action, 80)}; it must return Action objects"
    if not isinstance(action.name, str) or not _NAME.fullmatch(action.name):
        return (
            f"its action {shown(action.name)} has a name that cannot be a command; use lower-case letters, digits and -"
        )
    if action.name in OWN or action.name in seen:
        return f"its action {action.name!r} has a name that is already taken; choose another"
    if not isinstance(action.help, str):
        return f"its action {action.name!r} has the help {shown(action.help)}; it must be text"
    if not isinstance(action.examples, str):
        return f"its action {action.name!r} has the examples {shown(action.examples)}; they must be text"
    if not callable(action.run):
        return f"its action {action.name!r} has {shown(action.run)} to run; it must be a function"
    if not (isinstance(action.options, type) and issubclass(action.options, Schema)):
        return f"its action {action.name!r} has the options {shown(action.options)}; they must be a Schema class"
    seen.add(action.name)
    return ""


def _fill_create(parser: Parser, options: SchemaOptions, session: Session) -> None:
    _add_event_type(parser, session, required=True)
    options.add_to(parser, updating=False)
    general = _add_general(parser)
    general.add_argument("--disabled", action="store_true", help="create it disabled; its events wait")
    parser.set_defaults(run=_create)


def _fill_update(parser: Parser, options: SchemaOptions, session: Session) -> None:
    add_listener_id(parser)
    _add_event_type(parser, session, required=False)
    options.add_to(parser, updating=True)
    _add_general(parser)
    parser.epilog = 'Options that are not given stay unchanged; an empty value, as in --filter "", removes a value.'
    parser.set_defaults(run=_update)


def _add_event_type(parser: Parser, session: Session, required: bool) -> None:
    names = ", ".join(f'"{found.name}"' for found in session.plugins.event_types if not found.own)
    parser.add_argument(
        "--event-type",
        action="append",
        required=required,
        metavar="TYPE",
        help=f'one of {names}. May be specified multiple times. To match all types, use value "*"',
    )


def _add_general(parser: Parser) -> Any:
    general = parser.add_argument_group(GENERAL)
    listener_attributes.add_options(general)
    return general


def _create(bus: EventBus, arguments: argparse.Namespace) -> int:
    config = arguments.options.config(arguments)
    attributes = listener_attributes.options(arguments, new=True)
    with arguments.options.naming():
        config = unmasked(bus.plugins.notifier(arguments.notifier_type_id), config, {})
        listener = bus.listeners.create(
            arguments.notifier_type_id, config, arguments.event_type, enabled=not arguments.disabled, **attributes
        )
    report(bus, arguments, listener, "created")
    _warn(bus, listener)
    return 0


def _update(bus: EventBus, arguments: argparse.Namespace) -> int:
    before = listener_ids.find(bus, arguments.listener_id)
    refuse_other_type(before, arguments.notifier_type_id, "update")
    attributes = listener_attributes.options(arguments)
    config, notifier = arguments.options.config(arguments), bus.plugins.notifier(arguments.notifier_type_id)
    waiting = become_due.waiting(bus, [before])

    stray: list[str] = []

    def keys(stored: Mapping[str, Any]) -> dict[str, Any]:
        stray[:] = stray_keys(notifier, stored)
        return {**dict.fromkeys(stray), **unmasked(notifier, config, stored)}

    with arguments.options.naming():
        after = bus.listeners.update(before.id, keys, arguments.event_type, **attributes)
    if stray:
        lost = f"notifier type {notifier.type_id} has no {', '.join(stray)}"
        streams.warning(f"{lost}; this was taken out of the listener's configuration")
    report(bus, arguments, after, "updated" if after != before else None)
    become_due.say(bus, arguments, waiting, [after])
    _warn(bus, after)
    return 0


def _warn(bus: EventBus, listener: Listener) -> None:
    for text in bus.listeners.warnings(listener):
        streams.warning(text)
