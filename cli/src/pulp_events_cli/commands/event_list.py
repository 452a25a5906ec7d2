"""`pulp-admin event list`: the events that are stored."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events.errors import InvalidConfig, UnknownEventType
from pulp_events_cli import own_files
from pulp_events_cli.commands.span import check_span
from pulp_events_cli.errors import UsageError
from pulp_events_cli.ids import events as event_ids
from pulp_events_cli.ids import numbered
from pulp_events_cli.output import events as records
from pulp_events_cli.output.listing import show_list
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.parser.argument_types import moment, positive, some_text
from pulp_events_cli.parser.once import Once
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.stored_event import EventQuery

PAGE = 50


def fill(parser: Parser, session: Session) -> None:
    """Add the options."""
    add_query(parser)
    parser.add_argument(
        "--limit", type=positive, default=PAGE, metavar="NUMBER", help=f"maximum number to list; default: {PAGE}"
    )
    parser.add_argument("--before", metavar="ID", help="continue after this event, the last one of the previous page")
    add_table(parser, records.EVENTS, paged=True)
    parser.epilog = (
        "Events are stored if a listener matches them, or all of them with keep = all in section [events] of "
        "server.conf, and kept for keep_for."
    )
    parser.set_defaults(run=_run, only_reads=True)


def add_query(parser: Parser) -> None:
    """The options that choose stored events; `read_query` reads them."""
    parser.add_argument(
        "--event-type",
        action="append",
        type=some_text,
        metavar="PATTERN",
        help="only events of this type, or of types that match this pattern; may be repeated",
    )
    since = "2026-11-24T08:00, or 2h for two hours ago"
    parser.add_argument("--since", type=moment, metavar="TIME", help=f"only events emitted at or after: {since}")
    parser.add_argument("--until", type=moment, metavar="TIME", help="only events emitted before this time")
    parser.add_argument(
        "--scope",
        action=Once,
        type=some_text,
        metavar="SCOPE",
        help="only events that were emitted with this scope",
    )
    parser.add_argument(
        "--id",
        "--event-id",
        dest="id",
        action=Once,
        type=some_text,
        metavar="PREFIX",
        help="only events whose id starts so, or whose id tables shorten to this",
    )
    parser.add_argument(
        "--error",
        action=Once,
        type=some_text,
        metavar="TEXT",
        help="only events with a delivery whose detail contains this text",
    )
    parser.add_argument(
        "--where",
        action=Once,
        type=some_text,
        metavar="EXPR",
        help="only events for whose report this JMESPath expression yields something true",
    )


def read_query(bus: EventBus, arguments: argparse.Namespace) -> EventQuery:
    """What those options ask for, except `--where`. Raises UnknownEventType."""
    own_files.warn_of_set_aside(bus)
    from pulp_events.outbox.stored_event import EventQuery

    check_span(arguments)
    for pattern in arguments.event_type or ():
        _check_pattern(bus, pattern)
    begun, ids = arguments.id, None
    short = None if begun is None else numbered.find(bus, begun)
    if short is not None and not bus.events.list(EventQuery(id_prefix=begun), limit=1):
        begun, ids = None, [short.id]
    return EventQuery(
        arguments.event_type,
        arguments.since,
        arguments.until,
        begun,
        ids=ids,
        error=arguments.error,
        scope=arguments.scope,
    )


def check_where(where: str | None) -> None:
    """Raise UsageError for an expression that is malformed, before anything is asked."""
    from pulp_events.listeners.filters import compile_filter

    try:
        if where is not None:
            compile_filter(where, "--where")
    except InvalidConfig as error:
        raise UsageError(str(error)) from error


def _check_pattern(bus: EventBus, pattern: str) -> None:
    """Refuse a type or pattern that fits nothing: neither a registered type, nor that of any stored event."""
    from pulp_events.outbox.stored_event import EventQuery

    try:
        bus.event_types.check_pattern(pattern)
    except UnknownEventType:
        if not bus.events.list(EventQuery([pattern]), limit=1):
            raise


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    check_where(arguments.where)
    query = read_query(bus, arguments)
    before = None if arguments.before is None else event_ids.find(bus, arguments.before).place
    found = bus.events.list(query, limit=arguments.limit, before=before, where=arguments.where)
    code = show_list(records.EVENTS, bus, found, arguments, records.for_json, nothing="no events are stored")
    if len(found) == arguments.limit and not arguments.json:
        confirm(f"\nThere may be more; continue with --before {found[-1].id}")
    return code
