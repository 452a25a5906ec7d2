"""`pulp-admin event delivery`: the ledger of what is to be delivered, was delivered, or could not be."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pulp_events.outbox.states import State
from pulp_events_cli.commands import delivery_change, delivery_tail
from pulp_events_cli.commands.delivery_query import add_query, read_query
from pulp_events_cli.errors import DONE
from pulp_events_cli.ids import delivery_ids
from pulp_events_cli.output import delivery_records, delivery_tables
from pulp_events_cli.output.delivery_tables import ATTEMPTS, DELIVERIES
from pulp_events_cli.output.listing import show, show_list, sort
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_records, show_table
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import local_time
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
    parser.offer("stats", "count deliveries, in total and per listener", run=_stats)
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
        "NEXT says when a pending delivery is attempted next, and WAITS FOR what it waits for until then; so does "
        "`delivery show`."
    )
    parser.set_defaults(run=_list)


def _fill_show(parser: Parser) -> None:
    parser.add_argument("delivery_id", metavar="ID", help="id of the delivery, as `delivery list` shows it")
    add_table(parser, ATTEMPTS)
    parser.set_defaults(run=_show)


def _list(bus: EventBus, arguments: argparse.Namespace) -> int:
    from pulp_events.outbox.records import DeliveryQuery

    filters = read_query(bus, arguments)
    before = None if arguments.before is None else delivery_ids.find(bus, arguments.before).id
    found = bus.deliveries.list(DeliveryQuery(**filters), limit=arguments.limit, before=before)
    rows = delivery_tables.rows(bus, found)

    def for_json(row: delivery_tables.Row) -> dict[str, Any]:
        return delivery_records.for_json(row.delivery, erased=row.erased, waiting=row.waiting)

    code = show_list(DELIVERIES, bus, rows, arguments, for_json)
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
    show_records([delivery_records.full(delivery, waiting)])
    if attempts:
        print()
        show(ATTEMPTS, bus, attempts, arguments)
    print()
    print_json(delivery.event.report())
    return DONE


def _stats(bus: EventBus, arguments: argparse.Namespace) -> int:
    from pulp_events.settings.kept import keeps_beyond

    stats = bus.deliveries.stats()
    if arguments.json:
        events = {name: getattr(stats, name) for name in ("events", "events_alone", "oldest_event")}
        counts = {**stats.totals, "oldest_pending": stats.oldest_pending, "by_listener": stats.by_listener}
        dropped = [
            {"event_type": each.event_type, "count": each.count, "first": each.first, "last": each.last}
            for each in stats.dropped
        ]
        print_json({**counts, **events, "dropped": dropped})
        return DONE
    types = {listener.id: listener.notifier_type_id for listener in bus.listeners.list()}
    health = bus.deliveries.health()
    rows: list[list[Any]] = []
    for listener_id in [*types, *sorted(set(stats.by_listener) - set(types))]:
        counts = stats.by_listener.get(listener_id, {})
        last = health[listener_id].last_success if listener_id in health else None
        shown = types.get(listener_id, "(deleted)")
        rows.append([listener_id, shown, *(counts.get(state, 0) for state in State), local_time(last)])
    rows.append(["all", "", *(stats.totals[state] for state in State), ""])
    show_table(["LISTENER", "TYPE", *(state.upper() for state in State), "LAST SUCCESS"], rows)
    if stats.oldest_pending is not None:
        print(f"\nOldest pending event: {local_time(stats.oldest_pending)}")
    if stats.oldest_event is not None and (stats.events_alone or keeps_beyond(bus.settings)):
        alone = f", {stats.events_alone} of them without deliveries" if stats.events_alone else ""
        print(f"\nStored events: {stats.events}{alone}; the oldest was emitted at {local_time(stats.oldest_event)}")
    for each in stats.dropped:
        times = f"between {local_time(each.first)} and {local_time(each.last)}"
        print(f"\nDropped: {each.count} {each.event_type} {times}: the outbox was full")
    return DONE
