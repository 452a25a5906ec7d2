"""`pulp-admin event delivery`: the ledger of what is to be delivered, was delivered, or could not be."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pulp_events.outbox.states import State
from pulp_events_cli.commands import delivery_change, delivery_stats, delivery_tail
from pulp_events_cli.commands.delivery_query import add_query, read_query
from pulp_events_cli.errors import DONE
from pulp_events_cli.ids import delivery_ids
from pulp_events_cli.output import delivery_records, delivery_tables
from pulp_events_cli.output.delivery_tables import ATTEMPTS, DELIVERIES
from pulp_events_cli.output.listing import show, show_list, sort
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_records
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.parser.argument_types import positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus

PAGE = 50


def fill(parser: Parser, session: Session) -> None:
    """Add the commands."""
    parser.offer("list", "list deliveries, newest first", _fill_list)
    parser.offer("show", "show a delivery, its attempts and its report", _fill_show)
    parser.offer("retry", "deliver again: dead, pending or delivered deliveries", delivery_change.fill_retry)
    parser.offer("discard", "give up pending deliveries", delivery_change.fill_discard)
    parser.offer("purge", "delete finished deliveries", delivery_change.fill_purge)
    parser.offer("stats", "count deliveries, and show rates, failures and delays", delivery_stats.fill)
    parser.offer("tail", "follow deliveries as they happen", delivery_tail.fill)


def _fill_list(parser: Parser) -> None:
    add_query(parser, tuple(State))
    parser.add_argument(
        "--limit", type=positive, default=PAGE, metavar="NUMBER", help=f"maximum number to list; default: {PAGE}"
    )
    parser.add_argument(
        "--before", metavar="ID", help="continue after this delivery, the last one of the previous page"
    )
    add_table(parser, DELIVERIES, paged=True)
    parser.epilog = (
        "NEXT is the earliest time at which a pending delivery is attempted, by its place in the line (- where nobody "
        "knows), and WAITS FOR says what it waits for until then; so does `delivery show`."
    )
    parser.set_defaults(run=_list, only_reads=True)


def _fill_show(parser: Parser) -> None:
    parser.add_argument("delivery_id", metavar="ID", help="id of the delivery, as `delivery list` shows it")
    add_table(parser, ATTEMPTS)
    parser.set_defaults(run=_show, only_reads=True)


def _list(bus: EventBus, arguments: argparse.Namespace) -> int:
    from pulp_events.outbox.records import DeliveryQuery

    filters = read_query(bus, arguments)
    before = None if arguments.before is None else delivery_ids.find(bus, arguments.before).id
    found = bus.deliveries.list(DeliveryQuery(**filters), limit=arguments.limit, before=before)
    rows = delivery_tables.rows(bus, found)

    def for_json(row: delivery_tables.Row) -> dict[str, Any]:
        return delivery_records.for_json(row.delivery, erased=row.erased, waiting=row.waiting)

    implied = {"state": arguments.state, "listener": arguments.listener_id}
    table = DELIVERIES.implying(*(name for name, asked in implied.items() if asked is not None))
    code = show_list(table, bus, rows, arguments, for_json)
    if len(found) == arguments.limit and not arguments.json:
        confirm(f"\nThere may be more; continue with --before {found[-1].id}")
    return code


def _show(bus: EventBus, arguments: argparse.Namespace) -> int:
    delivery = delivery_ids.find(bus, arguments.delivery_id)
    attempts = sort(ATTEMPTS, bus, bus.deliveries.attempts(delivery.id), arguments)
    waiting = bus.deliveries.waiting_for([delivery]).get(delivery.id)
    if arguments.json:
        erased = bool(delivery_tables.erased_among(bus, [delivery]))
        print_json(delivery_records.for_json(delivery, attempts, erased=erased, waiting=waiting))
        return DONE
    name = next((each.name for each in bus.listeners.list() if each.id == delivery.listener_id), None)
    show_records([delivery_records.full(delivery, waiting, name)])
    if attempts:
        print()
        show(ATTEMPTS, bus, attempts, arguments)
    print()
    print_json(delivery.event.report())
    return DONE
