"""`pulp-admin event config`: the settings that hold, and whether everything is in order."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pulp_events.visible import one_line
from pulp_events_cli.errors import DONE
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.text import value_text
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.settings.settings import Settings


def fill(parser: Parser, session: Session) -> None:
    """Add the commands."""
    parser.offer("show", "show the settings in effect", run=_show, deliver=None, only_reads=True)
    parser.offer("check", "check settings, data folder, stores and plugins", _fill_check)


def _fill_check(parser: Parser) -> None:
    parser.add_argument("--probe", action="store_true", help="also connect to the servers named in the settings")
    from pulp_events_cli.output.findings import FINDINGS

    parser.add_argument(
        "--thorough",
        action="store_true",
        help="look for damage in all of the outbox's file, which takes as long as it is large; by default only in one "
        "of at most 32 MiB",
    )
    add_table(parser, FINDINGS)
    parser.epilog = "The exit code is 1 if there is a problem."
    parser.set_defaults(run=_check, deliver=None, reports_config=True, only_reads=True)


def _show(bus: None, arguments: argparse.Namespace) -> int:
    session: Session = arguments.session
    settings = session.settings()
    shown = {section: _section(settings, section) for section in settings}
    if arguments.json:
        offered = {} if settings.given is None else {"from": settings.given.origin or settings.given.name}
        print_json({"file": None if settings.path is None else str(settings.path), **offered, "sections": shown})
        return DONE
    given = settings.given and (settings.given.origin or settings.given.name)
    print(f"# {given or settings.path or 'There is no server.conf.'}")
    print("# `# from` says where the next line's value is from; the other lines that begin with # are defaults.")
    for section, keys in shown.items():
        print(f"\n[{section}]")
        for key, entry in keys.items():
            text = f"{key} = {'' if entry['value'] is None else value_text(entry['value'])}".rstrip()
            print(f"# from {one_line(entry['place'])}\n{text}" if entry["set"] else f"# {text}")
    return DONE


def _section(settings: Settings, section: str) -> dict[str, dict[str, Any]]:
    """Key → its value as server.conf would have it, secrets masked, whether anybody sets it, and where it is from."""
    from pulp_events.secrets import redact

    schema = settings.schemas[section]()
    values = settings.section_as_written(section)
    found = {}
    for name, field in schema.fields.items():
        key = field.data_key or name
        value = field.serialize(name, {name: values.get(key, values.get(name))})
        shown = redact(schema, {key: value})[key] if value else value  # an empty secret is none
        origin = settings.origin(section, key)
        told = {"from": str(origin.kind), **({"place": origin.place} if origin.place else {})}
        found[key] = {"value": shown, "set": settings.is_set(section, key), **told}
    return found


def _check(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events_cli.health.check import check
    from pulp_events_cli.output.findings import show

    return show(check(arguments.session, arguments.probe, arguments.thorough), arguments)
