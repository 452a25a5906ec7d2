"""`pulp-admin event listener TYPE create|update`, made from the notifier's schema."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pulp_events_cli.commands.listener import add_listener_id, report
from pulp_events_cli.errors import UsageError
from pulp_events_cli.options_from_schema import SchemaOptions
from pulp_events_cli.output import streams
from pulp_events_cli.parser.argument_types import durations, optional_positive
from pulp_events_cli.parser.parser import GENERAL, Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.bus import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.notifier import Notifier


def fill(parser: Parser, notifier: Notifier, session: Session) -> None:
    """Add `create` and `update`."""
    options = SchemaOptions(notifier)
    parser.offer("create", "create a listener", lambda parser: _fill_create(parser, options, session))
    parser.offer("update", notifier.update_help, lambda parser: _fill_update(parser, options, session))
    parser.set_defaults(notifier_type_id=notifier.type_id, options=options)


def _fill_create(parser: Parser, options: SchemaOptions, session: Session) -> None:
    _add_event_type(parser, session, required=True)
    options.add_to(parser, updating=False)
    general = _add_general(parser)
    general.add_argument("--disabled", action="store_true", help="create it disabled: its events wait")
    parser.set_defaults(run=_create)


def _fill_update(parser: Parser, options: SchemaOptions, session: Session) -> None:
    add_listener_id(parser)
    _add_event_type(parser, session, required=False)
    options.add_to(parser, updating=True)
    _add_general(parser)
    parser.epilog = 'What is not named stays as it is; an empty value, as in --filter "", removes what was set.'
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
    general.add_argument(
        "--filter", metavar="EXPR", help="only events whose report this JMESPath expression finds true"
    )
    general.add_argument(
        "--lanes",
        type=optional_positive,
        default=argparse.SUPPRESS,
        metavar="NUMBER",
        help="deliveries under way at once, at most; 1 keeps their order",
    )
    general.add_argument(
        "--retry-schedule",
        type=durations,
        metavar="WAITS",
        help="waits between attempts, such as 5s,5m,1h, in place of the setting",
    )
    return general


def _create(bus: EventBus, arguments: argparse.Namespace) -> int:
    listener = bus.listeners.create(
        arguments.notifier_type_id,
        arguments.options.config(arguments),
        arguments.event_type,
        filter=arguments.filter or None,
        enabled=not arguments.disabled,
        retry_schedule=arguments.retry_schedule or None,
        lanes=getattr(arguments, "lanes", None),
    )
    report(bus, arguments, listener, "created")
    _warn(bus, listener)
    return 0


def _update(bus: EventBus, arguments: argparse.Namespace) -> int:
    before = bus.listeners.get(arguments.listener_id)
    if before.notifier_type_id != arguments.notifier_type_id:
        raise UsageError(
            f"listener {before.id} is of type {before.notifier_type_id}; "
            f"use `pulp-admin event listener {before.notifier_type_id} update`"
        )
    changes: dict[str, Any] = {}
    if arguments.filter is not None:
        changes["filter"] = arguments.filter or None
    if arguments.retry_schedule is not None:
        changes["retry_schedule"] = arguments.retry_schedule or None
    if "lanes" in arguments:
        changes["lanes"] = arguments.lanes
    config = arguments.options.config(arguments)
    after = bus.listeners.update(before.id, config or None, arguments.event_type, **changes)
    report(bus, arguments, after, "updated" if after != before else None)
    _warn(bus, after)
    return 0


def _warn(bus: EventBus, listener: Listener) -> None:
    for text in bus.listeners.warnings(listener):
        streams.warning(text)
