"""`pulp-admin event types`: what can be emitted and listened to, and documents that describe it."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulp_events.visible import one_line
from pulp_events_cli.errors import DONE, CommandFailed
from pulp_events_cli.output import streams
from pulp_events_cli.output.kinds import MOMENT
from pulp_events_cli.output.listing import show_list
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.parser.parser import Fill, Parser
from pulp_events_cli.parser.table_options import add_table
from pulp_events_cli.remembered_types import for_json, in_words, learn
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.events.event_type import EventType
    from pulp_events.events.remembered import RememberedType


@dataclass(frozen=True)
class _Known:
    """An event type, and whence it is known."""

    type: EventType
    remembered: RememberedType | None


TYPES = Table(
    "event types",
    Column("name", lambda each: each.type.name, rank=0),
    Column("description", lambda each: one_line(each.type.description), rank=1, least=16),
    Column("payload", lambda each: list(each.type.payload), rank=2, least=12),
    Column("version", lambda each: each.type.version, extra=True),
    Column("own", lambda each: each.type.own, extra=True),
    Column("source", lambda each: each.remembered and one_line(each.remembered.source), extra=True),
    Column("last_seen", lambda each: each.remembered and each.remembered.last_seen, kind=MOMENT, extra=True),
)


def fill(parser: Parser, session: Session) -> None:
    """Without a command, `types` lists the event types, or prints the document that an option asks for."""
    parser.offer("forget", "remove event types of applications from the store", _later("types_forget"))
    parser.offer("impact", "find the listeners that use a field of an event type", _later("types_impact"))
    parser.offer("show", "show an event type in full", _later("types_show"))
    documents = parser.add_mutually_exclusive_group()
    documents.add_argument(
        "--json-schema",
        nargs="?",
        const="",
        metavar="EVENT-TYPE",
        help="print the JSON Schema of the payloads of this event type; without one, that of the reports of all types",
    )
    documents.add_argument("--asyncapi", action="store_true", help="print an AsyncAPI 3.0 document of all event types")
    add_table(parser, TYPES, or_table="a line for each event type")
    parser.epilog = (
        "Without a command, the event types are listed: those of the installed plugins, and those that applications "
        "registered, as the store remembers them."
    )
    parser.explain_unknown = lambda word, hint: (
        f"unknown command {word!r:.60} of `pulp-admin event types`{hint or '; `show EVENT-TYPE` shows an event type'}"
    )
    parser.set_defaults(run=_run, deliver=None, only_reads=True)


def _later(module: str) -> Fill:
    def fill(parser: Parser) -> None:
        importlib.import_module(f"pulp_events_cli.commands.{module}").fill(parser)

    return fill


def _run(bus: None, arguments: argparse.Namespace) -> int:
    if arguments.asyncapi or arguments.json_schema is not None:
        print_json(_document(arguments))
        return DONE
    session = arguments.session
    remembered = learn(session)
    found = [_Known(each, remembered.get(each.name)) for each in session.plugins.event_types]
    return show_list(TYPES, bus, found, arguments, _for_json, instead=_show)


def _for_json(each: _Known) -> dict[str, Any]:
    found = each.type
    said = {"name": found.name, "description": found.description, "payload": dict(found.payload), "own": found.own}
    return {**said, "remembered": for_json(each.remembered)}


def _show(found: Sequence[_Known]) -> None:
    blocks = []
    for each in found:
        widest = max(map(len, each.type.payload), default=0)
        keys = [f"  {one_line(key):<{widest}} - {one_line(text)}" for key, text in each.type.payload.items()]
        whence = [] if each.remembered is None else [f"  ({in_words(each.remembered)})"]
        blocks.append("\n".join([each.type.name, f"  {one_line(each.type.description)}", *whence, *keys]))
    print("\n\n".join(blocks))


def _document(arguments: argparse.Namespace) -> dict[str, Any]:
    from pulp_events.schemas.asyncapi import document
    from pulp_events.schemas.fault import UnusableSchema
    from pulp_events.schemas.json_schema import payload_schema, report_schema

    def unusable(error: UnusableSchema) -> None:
        streams.warning(f"{error}; its payload is described without its schema")

    learn(arguments.session)
    event_types = arguments.session.plugins.event_types
    if arguments.asyncapi:
        return document(event_types, "Pulp events", unusable)
    if not arguments.json_schema:
        return report_schema(event_types, unusable)
    try:
        return payload_schema(event_types.require(arguments.json_schema))
    except UnusableSchema as error:
        raise CommandFailed(str(error)) from error
