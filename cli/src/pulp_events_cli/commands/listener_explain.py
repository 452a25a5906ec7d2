"""`pulp-admin event listener explain`: who would get an event, or was to get a stored one, and why or why not."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulp_events.system.clock import iso_z
from pulp_events_cli.commands.emit import add_report, read_report
from pulp_events_cli.commands.one_listener import add_listener_id
from pulp_events_cli.errors import UsageError
from pulp_events_cli.ids import events as event_ids
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.output import listener_changes
from pulp_events_cli.output.id_kinds import LISTENER
from pulp_events_cli.output.listing import show_list
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.text import first_line, local_time
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.bus.explanation import Explanation
    from pulp_events.bus.past import PastExplanation
    from pulp_events.listeners.listener import Listener


@dataclass(frozen=True)
class _Row:
    """What people see of an answer, and the answer as JSON."""

    listener_id: str
    type: str | None
    gets: str
    reason: str
    deliveries: str | None
    for_json: dict[str, Any]


ANSWERS = Table(
    "listeners",
    Column("listener", lambda row: row.listener_id, kind=LISTENER, rank=0, least=10),
    Column("type", lambda row: row.type, rank=4, least=8),
    Column("gets", lambda row: row.gets, "GETS IT", rank=1),
    Column("reason", lambda row: row.reason, rank=2, least=16, wraps=True),
    Column("deliveries", lambda row: row.deliveries, rank=3, least=12),
)


def fill(parser: Parser) -> None:
    """Add the options."""
    parser.add_argument("--event-type", metavar="TYPE", help="event type of the event in question")
    add_report(parser)
    parser.add_argument("--scope", metavar="SCOPE", help="scope that it would be emitted with")
    parser.add_argument(
        "--event", metavar="ID", help="a stored event instead, and the listeners as they were when it was emitted"
    )
    add_listener_id(parser, "only this listener, by id or name", required=False)
    add_table(parser, ANSWERS)
    parser.epilog = (
        "Nothing is emitted. Filters and plugins are applied as they would be to an event emitted now, or were to the "
        "stored one."
    )
    parser.set_defaults(run=run, only_reads=True)


def run(bus: EventBus, arguments: argparse.Namespace) -> int:
    """Print a line for each listener."""
    if (arguments.event is None) == (arguments.event_type is None):
        raise UsageError("choose the event in one way: --event-type with --payload, or a stored one with --event")
    if arguments.event is not None:
        if any(each is not None for each in (arguments.payload, arguments.call_report, arguments.scope)):
            raise UsageError(
                "a stored event has its payload, call report and scope; leave out --payload, --call-report and --scope"
            )
        return _explain_past(bus, arguments)
    payload, call_report = read_report(arguments)
    chosen = None if arguments.listener_id is None else listener_ids.find(bus, arguments.listener_id).id
    found = [
        each
        for each in bus.explain(arguments.event_type, payload, call_report, scope=arguments.scope)
        if chosen in (None, each.listener.id)
    ]
    rows = [
        _Row(each.listener.id, each.listener.notifier_type_id, each.gets, _reason(each), None, _for_json(each))
        for each in found
    ]
    return show_list(ANSWERS, bus, rows, arguments, lambda row: row.for_json, filters=False)


def _explain_past(bus: EventBus, arguments: argparse.Namespace) -> int:
    event = event_ids.find(bus, arguments.event)
    chosen = None if arguments.listener_id is None else listener_ids.once(bus, arguments.listener_id)
    explanations = bus.explain_event(event.id)
    found = [*explanations] if chosen is None else explanations.of_those(chosen)
    rows = [
        _Row(each.listener_id, _type(each), each.gets, _past_reason(each), _became(each), _past_for_json(each))
        for each in found
    ]
    nothing = "there were no listeners"
    return show_list(ANSWERS, bus, rows, arguments, lambda row: row.for_json, nothing, filters=False)


def _for_json(each: Explanation) -> dict[str, Any]:
    return {
        "listener_id": each.listener.id,
        "notifier_type_id": each.listener.notifier_type_id,
        "gets": each.gets,
        "cause": each.cause,
        "reason": each.reason,
    }


def _past_for_json(each: PastExplanation) -> dict[str, Any]:
    return {
        "listener_id": each.listener_id,
        "notifier_type_id": None if each.listener is None else each.listener.notifier_type_id,
        "gets": each.gets,
        "cause": each.cause,
        "reason": each.reason,
        "doubt": each.doubt or None,
        "changed_since": [listener_changes.for_json(change) for change in each.changed],
        "deliveries": [
            {"id": one.id, "target": one.target, "state": one.state, "detail": one.detail} for one in each.deliveries
        ],
    }


def _type(each: PastExplanation) -> str | None:
    return None if each.listener is None else each.listener.notifier_type_id


def _past_reason(each: PastExplanation) -> str:
    """The reason, and what makes it doubtful, or became of the listener since."""
    moments = [change.time for change in each.changed]
    if each.listener is not None:
        moments += _moments(each.listener)
    parts = [_local(each.reason, moments), _local(each.doubt, moments)]
    if each.cause != "created" and each.changed:
        last = each.changed[-1]
        parts.append(f"{last.action} since, at {local_time(last.time)} by {last.by}")
    return "; ".join(part for part in parts if part)


def _became(each: PastExplanation) -> str:
    """`2 delivered, 1 dead (404 Not Found)`."""
    counts = Counter(one.state for one in each.deliveries)
    details = {one.state: first_line(one.detail) for one in each.deliveries if one.state.failed}
    return (
        ", ".join(
            f"{number} {state}{f' ({details[state]})' if details.get(state) else ''}"
            for state, number in counts.items()
        )
        or "none stored"
    )


def _reason(each: Explanation) -> str:
    return _local(each.reason, _moments(each.listener))


def _moments(listener: Listener) -> list[datetime]:
    """The times that a reason may name."""
    known = (listener.created, listener.updated, listener.muted_until)
    return [moment for moment in known if moment is not None]


def _local(text: str, moments: Iterable[datetime]) -> str:
    """The text with these times in the local zone."""
    for moment in moments:
        text = text.replace(iso_z(moment), local_time(moment))
    return text
