"""`pulp-admin event show`: a stored event, and what became of it for each listener."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pulp_events_cli.errors import DONE
from pulp_events_cli.ids import events as event_ids
from pulp_events_cli.output import events as records
from pulp_events_cli.output.id_kinds import DELIVERY_ID, LISTENER
from pulp_events_cli.output.kinds import DETAIL
from pulp_events_cli.output.listing import show, sort
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_records
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.text import first_line
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.stored_event import StoredEvent


def _without_delivery(row: dict[str, Any]) -> str:
    from pulp_events.listeners.hearing import NOT_KNOWN

    return UNKNOWN if row["detail"] == NOT_KNOWN else NOT_MATCHED


LISTENERS = Table(
    "listeners",
    Column("listener", lambda row: row["listener_id"], kind=LISTENER, rank=0, least=10),
    Column("type", lambda row: row["notifier_type_id"] or DELETED, rank=4, least=8),
    Column("target", lambda row: row["target"], rank=3, least=12),
    Column("state", lambda row: row["state"] or _without_delivery(row), rank=1),
    Column("attempts", lambda row: row["attempts"] or None, rank=5, brief_heading="ATT", right=True),
    Column("detail", lambda row: first_line(row["detail"]), kind=DETAIL, rank=2, least=12),
    Column("delivery_id", lambda row: row["delivery_id"], kind=DELIVERY_ID, extra=True),
)
NOT_MATCHED = "not matched"
UNKNOWN = "unknown"
DELETED = "(deleted)"


def fill(parser: Parser, session: Session) -> None:
    """Add the argument."""
    parser.add_argument("event_id", metavar="ID", help="id of the event, as `list` shows it, or the start of one")
    add_table(parser, LISTENERS)
    parser.epilog = (
        "A listener that has no delivery of the event is listed as `not matched`, with the reason as its record is "
        "now, or as `unknown` where an earlier release did not store the event's scope; "
        "`pulp-admin event listener explain --event ID` tells it by the records of then."
    )
    parser.set_defaults(run=_run, only_reads=True)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    event = event_ids.find(bus, arguments.event_id)
    rows = sort(LISTENERS, bus, _rows(bus, event), arguments)
    if arguments.json:
        print_json({**records.for_json(event), "listeners": rows})
        return DONE
    show_records([records.full(event)])
    print()
    if rows:
        show(LISTENERS, bus, rows, arguments)
    else:
        confirm("There are no listeners")
    print()
    print_json(event.body())
    return DONE


def _rows(bus: EventBus, event: StoredEvent) -> list[dict[str, Any]]:
    """A row for each delivery, and for each listener that has none."""
    deliveries = bus.events.deliveries(event.id)
    listeners = bus.listeners.list()
    types = {listener.id: listener.notifier_type_id for listener in listeners}
    served = {delivery.listener_id for delivery in deliveries}
    return [
        *(_of_delivery(each, types.get(each.listener_id)) for each in deliveries),
        *(_of_listener(each, event) for each in listeners if each.id not in served),
    ]


def _of_delivery(delivery: Delivery, type_id: str | None) -> dict[str, Any]:
    return {
        "listener_id": delivery.listener_id,
        "notifier_type_id": type_id,
        "target": delivery.target,
        "delivery_id": delivery.id,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "detail": delivery.detail,
    }


def _of_listener(listener: Listener, event: StoredEvent) -> dict[str, Any]:
    return {
        "listener_id": listener.id,
        "notifier_type_id": listener.notifier_type_id,
        "target": "",
        "delivery_id": None,
        "state": None,
        "attempts": 0,
        "detail": why_not(listener, event),
    }


def why_not(listener: Listener, event: StoredEvent) -> str:
    """Why a listener has no delivery of the event, as far as its record tells now."""
    from pulp_events.events import pattern
    from pulp_events.listeners import hearing
    from pulp_events.listeners.filters import judge

    if listener.created > event.time:
        return "it was created after the event"
    if not any(pattern.matches(each, event.event_type) for each in listener.event_types):
        return f"{', '.join(listener.event_types)} does not match {event.event_type}"
    if unheard := hearing.why_not(listener, event):
        return unheard
    if event.erased is not None and listener.filter is not None:
        return "its filter cannot be applied: the event was erased"
    passes, why = judge(listener.filter, event.body())
    if not passes:
        return why
    return "it would match now: it was changed since, or its delivery was deleted"
