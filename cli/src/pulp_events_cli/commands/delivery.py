"""`pulp-admin event delivery`: the ledger of what is to be delivered, was delivered, or could not be."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pulp_events.outbox.states import FINISHED, TRANSITIONS, State, Transition
from pulp_events_cli.commands import delivery_tail
from pulp_events_cli.errors import DONE, CommandFailed, UsageError
from pulp_events_cli.ids import delivery_ids, listener_ids
from pulp_events_cli.output import delivery_records
from pulp_events_cli.output.progress import Progress
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_records, show_table
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import count, local_time
from pulp_events_cli.parser.argument_types import moment, positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session
from pulp_events_cli.stopping import stoppable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.records import DeliveryQuery

_RETRIED = (TRANSITIONS[Transition.REVIVE].leaves,)
PAGE = 50
_IDS_AT_ONCE = 100


def fill(parser: Parser, session: Session) -> None:
    """Add the commands."""
    parser.offer("list", "list deliveries, newest first", _fill_list)
    parser.offer("show", "show a delivery, its attempts and its report", _fill_show)
    parser.offer("retry", "make dead deliveries pending again", _fill_retry)
    parser.offer("purge", "delete finished deliveries", _fill_purge)
    parser.offer("stats", "count deliveries, in total and per listener", run=_stats)
    parser.offer("tail", "follow deliveries as they happen", delivery_tail.fill)


def _fill_list(parser: Parser) -> None:
    _add_query(parser, tuple(State))
    parser.add_argument(
        "--limit", type=positive, default=PAGE, metavar="NUMBER", help=f"maximum number to list; default: {PAGE}"
    )
    parser.add_argument(
        "--before", metavar="ID", help="continue after this delivery, the last one of the previous page"
    )
    parser.set_defaults(run=_list)


def _fill_show(parser: Parser) -> None:
    parser.add_argument("delivery_id", metavar="ID", help="id of the delivery, as `delivery list` shows it")
    parser.set_defaults(run=_show)


def _fill_retry(parser: Parser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="ids of dead deliveries")
    _add_query(parser, ())
    parser.add_argument("--all", action="store_true", help="all dead deliveries")
    parser.set_defaults(run=_retry)


def _fill_purge(parser: Parser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="ids of finished deliveries")
    _add_query(parser, FINISHED)
    parser.add_argument("--all", action="store_true", help="all finished deliveries")
    parser.set_defaults(run=_purge)


def _add_query(parser: Parser, states: tuple[State, ...]) -> None:
    if states:
        parser.add_argument(
            "--state", choices=states, metavar="STATE", help=f"only deliveries in this state: {', '.join(states)}"
        )
    parser.add_argument("--listener-id", metavar="ID", help="only deliveries to this listener, by id or name")
    parser.add_argument("--event-type", metavar="TYPE", help="only deliveries of this event type")
    since = "2026-11-24T08:00, or 2h for two hours ago"
    parser.add_argument(
        "--since", type=moment, metavar="TIME", help=f"only events emitted at or after this time: {since}"
    )
    parser.add_argument("--until", type=moment, metavar="TIME", help="only events emitted before this time")


def _filters(bus: EventBus, arguments: argparse.Namespace) -> dict[str, Any]:
    names = ("state", "listener_id", "event_type", "since", "until")
    found = {name: getattr(arguments, name, None) for name in names}
    if found["state"]:
        found["state"] = State(found["state"])
    if found["listener_id"]:
        found["listener_id"] = listener_ids.for_query(bus, found["listener_id"])
    if found["event_type"]:
        _check_event_type(bus, found["event_type"])
    return {name: value for name, value in found.items() if value is not None}


def _check_event_type(bus: EventBus, event_type: str) -> None:
    """Refuse a type that nobody knows: neither registered now, nor of any event in the ledger."""
    from pulp_events.outbox.records import DeliveryQuery

    if event_type not in bus.event_types and not bus.deliveries.list(DeliveryQuery(event_type=event_type), limit=1):
        bus.event_types.require(event_type)


def _list(bus: EventBus, arguments: argparse.Namespace) -> int:
    from pulp_events.outbox.records import DeliveryQuery

    filters = _filters(bus, arguments)
    before = None if arguments.before is None else delivery_ids.find(bus, arguments.before).id
    found = bus.deliveries.list(DeliveryQuery(**filters), limit=arguments.limit, before=before)
    if arguments.json:
        print_json([delivery_records.for_json(delivery) for delivery in found])
    elif found:
        show_table(delivery_records.HEADINGS, map(delivery_records.row, found))
        if len(found) == arguments.limit:
            confirm(f"\nThere may be more; continue with --before {found[-1].id}")
    return DONE


def _show(bus: EventBus, arguments: argparse.Namespace) -> int:
    delivery = delivery_ids.find(bus, arguments.delivery_id)
    attempts = bus.deliveries.attempts(delivery.id)
    if arguments.json:
        print_json(delivery_records.for_json(delivery, attempts))
        return DONE
    show_records([delivery_records.full(delivery)])
    if attempts:
        print()
        show_table(delivery_records.ATTEMPT_HEADINGS, map(delivery_records.attempt_row, attempts))
    print()
    print_json(delivery.event.report())
    return DONE


def _retry(bus: EventBus, arguments: argparse.Namespace) -> int:
    return _change(bus, arguments, State.DEAD, "retry")


def _purge(bus: EventBus, arguments: argparse.Namespace) -> int:
    return _change(bus, arguments, "finished", "purge")


def _change(bus: EventBus, arguments: argparse.Namespace, what: str, verb: str) -> int:
    """Retry or purge: page after page, so that other processes get their turn, and Ctrl-C ends it between two."""
    change = bus.deliveries.retry if verb == "retry" else bus.deliveries.purge
    queries = list(_chosen(bus, arguments, what, verb))
    done = 0
    with stoppable() as stopped, Progress(f"{verb}: deliveries", lambda: _count(bus, queries, verb)) as progress:
        for query in queries:
            for changed in change(query):
                done += changed
                progress.show(done)
                if stopped():
                    break
            if stopped():
                break
        interrupted = stopped()
    if arguments.json:
        print_json({verb: done, "interrupted": interrupted})
    elif verb == "retry":
        confirm(f"{count(done, 'delivery is', 'deliveries are')} pending again")
    else:
        confirm(f"{count(done, 'delivery', 'deliveries')} deleted")
    if interrupted:
        raise CommandFailed(
            f"interrupted after {count(done, 'delivery', 'deliveries')}; run the same command to continue"
        )
    return DONE


def _count(bus: EventBus, queries: list[DeliveryQuery], verb: str) -> int:
    """How many deliveries there are to be done."""
    states = _RETRIED if verb == "retry" else FINISHED
    return sum(
        bus.deliveries.count(replace(query, state=state))
        for query in queries
        for state in ((query.state,) if query.state else states)
    )


def _chosen(bus: EventBus, arguments: argparse.Namespace, what: str, verb: str) -> Iterator[DeliveryQuery]:
    """The queries that a command line of `retry` or `purge` stands for."""
    from pulp_events.outbox.records import DeliveryQuery

    filters = _filters(bus, arguments)
    if sum(map(bool, (arguments.ids, filters, arguments.all))) != 1:
        raise UsageError(
            f"choose the {what} deliveries to {verb} in one way: by id, with options such as --listener-id or "
            "--since, or with --all"
        )
    if not arguments.ids:
        yield DeliveryQuery(**filters)
        return
    chosen = []
    for text in arguments.ids:
        delivery = delivery_ids.find(bus, text)
        if delivery.state not in (_RETRIED if verb == "retry" else FINISHED):
            raise CommandFailed(
                f"delivery {delivery.id} is {delivery.state}; only {what} deliveries can be chosen; nothing was changed"
            )
        chosen.append(delivery.id)
    for start in range(0, len(chosen), _IDS_AT_ONCE):
        yield DeliveryQuery(ids=chosen[start : start + _IDS_AT_ONCE])


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
