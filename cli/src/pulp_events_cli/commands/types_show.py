"""`pulp-admin event types show`: one event type with its fields and an example."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pulp_events.visible import json_text, one_line
from pulp_events_cli.errors import DONE, CommandFailed
from pulp_events_cli.output.listing import show, sort
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_records
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table
from pulp_events_cli.remembered_types import for_json, in_words, learn

FIELDS = Table(
    "fields",
    Column("field", lambda each: each.name, rank=0),
    Column("type", lambda each: each.type, rank=1),
    Column("required", lambda each: each.required, rank=3),
    Column("description", lambda each: each.description, rank=2, least=16),
)


def fill(parser: Parser) -> None:
    """Add the argument."""
    parser.add_argument("event_type", metavar="EVENT-TYPE", help="name of the event type")
    add_table(parser, FIELDS)
    parser.set_defaults(run=_run, deliver=None, only_reads=True)


def _run(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events.schemas.example import example_or_reason
    from pulp_events.schemas.fault import UnusableSchema
    from pulp_events.schemas.json_schema import payload_schema
    from pulp_events.schemas.payload_fields import fields_of

    remembered = learn(arguments.session).get(arguments.event_type)
    found = arguments.session.plugins.event_types.require(arguments.event_type)
    try:
        fields = sort(FIELDS, None, fields_of(payload_schema(found)), arguments)
        example, reason = example_or_reason(found)
    except UnusableSchema as error:
        raise CommandFailed(str(error)) from error
    head = {"name": found.name, "description": found.description, "version": found.version}
    if arguments.json:
        language = None if found.schema is None else _language(found.schema)
        entries = [asdict(each) for each in fields]
        more = {"own": found.own, "schema": language, "fields": entries, "example": example}
        print_json({**head, **more, "remembered": for_json(remembered)})
        return DONE
    whence = {} if remembered is None else {"known": in_words(remembered)}
    show_records([{key: value for key, value in {**head, **whence}.items() if value}])
    if fields:
        print()
        show(FIELDS, None, fields, arguments)
    if example is not None:
        print(f"\nExample:\n{json_text(example, 2)}")
    elif reason:
        print(f"\nNo example: {one_line(reason)}. The schema may name values that fit in `examples`.")
    sys.stdout.flush()
    return DONE


def _language(schema: Any) -> str:
    return "json_schema" if isinstance(schema, Mapping) else "marshmallow"
