"""`pulp-admin event types impact`: whom a change of an event would concern; for a CI job that changes one."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulp_events_cli.errors import DONE, FOUND
from pulp_events_cli.output import streams
from pulp_events_cli.output.id_kinds import LISTENER
from pulp_events_cli.output.listing import show_list
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.events.event_type import EventType
    from pulp_events.impact.readings import Reading


def fill(parser: Parser) -> None:
    """Add the arguments."""
    parser.add_argument("event_type", metavar="EVENT-TYPE", help="name of the event type")
    parser.add_argument(
        "--without",
        metavar="FIELD",
        action="append",
        type=_field,
        default=[],
        help="only listeners that use this field, such as repo_id, lines[].count or call_report.state. May be "
        "specified multiple times",
    )
    add_table(parser, USES)
    parser.epilog = (
        "Looked at are filters and templates, of disabled listeners too. Where a filter or template may use any field, "
        "as with wildcards, that is said.\n"
        "With --without, the exit code is 3 if a listener uses one of the fields, and 0 if none does, or only may."
    )
    parser.set_defaults(run=_run, deliver="external", only_reads=True)


def _field(text: str) -> str:
    from pulp_events.impact.uses import field_named

    try:
        field_named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    from pulp_events.impact.readings import readings
    from pulp_events.impact.uses import MAYBE, NO, YES, field_named

    event_type = bus.event_types.require(arguments.event_type)
    _doubt(event_type, arguments.without)
    removed = {text: field_named(text) for text in arguments.without}
    rows: list[tuple[Reading, str | None]] = []
    for reading in readings(bus.listeners.list(), event_type.name, bus.plugins):
        verdicts = {reading.of(path) for path in removed.values()}
        if not removed:
            rows.append((reading, None))
        elif verdicts != {NO}:
            rows.append((reading, YES if YES in verdicts else MAYBE))
    _show(bus, [_Use(*each) for each in rows], arguments)
    return FOUND if any(uses == YES for _, uses in rows) else DONE


def _show(bus: EventBus, rows: list[_Use], arguments: argparse.Namespace) -> None:
    what = f"uses {' or '.join(arguments.without)}" if arguments.without else "uses a field"
    nothing = f"no filter or template of a listener {what} of {arguments.event_type}"
    show_list(USES, bus, rows, arguments, _entry, nothing, filters=False)


@dataclass(frozen=True)
class _Use:
    """A filter or template, and whether it uses what is to go."""

    reading: Reading
    uses: str | None

    @property
    def fields(self) -> str:
        """Those that it uses, and why that is not known."""
        problem = f" ({self.reading.problem})" if self.reading.problem else ""
        return ", ".join(self.reading.fields) + problem


USES = Table(
    "filters and templates",
    Column("listener", lambda row: row.reading.listener.id, kind=LISTENER, rank=0, least=10),
    Column("name", lambda row: row.reading.listener.name, rank=6, least=10),
    Column("type", lambda row: row.reading.listener.notifier_type_id, rank=5, least=8),
    Column("where", lambda row: row.reading.where, rank=2, least=10),
    Column("uses", lambda row: row.uses, "USES IT", rank=1),
    Column("fields", lambda row: row.fields, rank=3, least=10),
)


def _entry(row: _Use) -> dict[str, Any]:
    from pulp_events.impact.uses import WHOLE

    reading = row.reading
    return {
        "listener_id": reading.listener.id,
        "name": reading.listener.name,
        "notifier_type_id": reading.listener.notifier_type_id,
        "where": reading.where,
        "fields": [each for each in reading.fields if each != WHOLE],
        "any_field": WHOLE in reading.fields,
        "problem": reading.problem or None,
        "uses": row.uses,
    }


def _doubt(event_type: EventType, named: list[str]) -> None:
    """A name that is misspelt would be used by nobody; one that was removed already is not known either."""
    from pulp_events.impact.uses import CALL_REPORT, field_named, stripped
    from pulp_events.system.suggestion import did_you_mean

    for text in named:
        path = stripped(field_named(text))
        if path[:1] != (CALL_REPORT,) and event_type.payload and path[1:2] and path[1] not in event_type.payload:
            hint = did_you_mean(path[1], event_type.payload)
            streams.warning(f"{event_type.name} names no field {path[1]!r:.60}{hint}")
