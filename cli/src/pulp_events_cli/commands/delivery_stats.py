"""`pulp-admin event delivery stats`: how many deliveries there are, and what happened to them."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pulp_events.outbox.states import State
from pulp_events_cli import own_files
from pulp_events_cli.commands.one_listener import add_listener_id
from pulp_events_cli.commands.span import check_span
from pulp_events_cli.errors import DONE, UsageError
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.output import activity_tables
from pulp_events_cli.output.id_kinds import LISTENER
from pulp_events_cli.output.kinds import MOMENT
from pulp_events_cli.output.listing import show, sort
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import say, tell
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.terminal import is_terminal
from pulp_events_cli.output.text import count, local_time
from pulp_events_cli.parser.argument_types import moment
from pulp_events_cli.parser.once import Once
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.activity import Activities, Span
    from pulp_events.outbox.records import Stats

USUAL = timedelta(days=1)
"""The span, if there is no `--since`."""
TOTAL = "(all)"
"""What stands in the place of a listener's id; names begin with a letter or a digit."""
BY = ("listener", "notifier", "event-type")


COUNTS = Table(
    "listeners",
    Column("listener", lambda row: row[0], kind=LISTENER, rank=0, least=10),
    Column("type", lambda row: row[1], rank=2, least=8),
    *(
        Column(str(state), lambda row, state=state: row[2].get(state, 0), rank=1, right=True)  # type: ignore[misc]
        for state in State
    ),
    Column("last_success", lambda row: row[3], kind=MOMENT, rank=3),
)


def fill(parser: Parser) -> None:
    """Add the options."""
    parser.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="show what happened at or after this time: 2026-11-24T08:00, or 2h for two hours ago; default with any of "
        "the other options: 1d",
    )
    parser.add_argument("--until", type=moment, metavar="TIME", help="show what happened before this time")
    parser.add_argument(
        "--by",
        action=Once,
        choices=BY,
        metavar="WHAT",
        help=f"have a line for each of these: {', '.join(BY)}; default: {BY[0]}",
    )
    add_listener_id(parser, "only of this listener, by id or name", required=False)
    add_table(parser, activity_tables.COLUMNS)
    parser.epilog = (
        "Without options, the deliveries that are stored now are counted. With any of them, what happened is shown as "
        "it was counted when it happened, also of deliveries that were deleted since: in minutes for two hours, in "
        "hours for three days, then in days, for 90 days. Seconds are off by 9 percent at most. --sort begins with the "
        "largest number: --sort failing shows those first of whose attempts the most failed."
    )
    parser.set_defaults(run=_run, only_reads=True)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    own_files.warn_of_set_aside(bus)
    names = ("since", "until", "by", "listener_id", "columns", "sort")
    if all(getattr(arguments, name) is None for name in names):
        stats = bus.deliveries.stats()
        if arguments.json:
            print_json(_counts(stats))
        else:
            _show_counts(bus, stats)
        return DONE
    check_span(arguments)
    if arguments.json and arguments.columns is not None:
        raise UsageError("--columns chooses what people see, --json prints all there is; leave one of them out")
    by = arguments.by or BY[0]
    listener = arguments.listener_id and listener_ids.for_query(bus, arguments.listener_id)
    since = arguments.since or (arguments.until or datetime.now(UTC)) - USUAL
    stats = bus.deliveries.stats(since, arguments.until, by, listener=listener)
    assert stats.activity is not None
    table = activity_tables.table(by, is_terminal(sys.stdout))
    rows = sort(table, bus, activity_tables.rows(stats.activity), arguments)
    if arguments.json:
        print_json({**_counts(stats), "activity": _for_json(stats.activity, rows)})
        return DONE
    if not rows:
        say("note", f"nothing happened {_words(stats.activity.span)}, and nothing is pending")
        return DONE
    if arguments.columns is not None:
        arguments.columns = [next(iter(table.columns)), *arguments.columns]  # whose numbers they are
    show(table, bus, rows, arguments)
    total = stats.activity.total
    tell(
        f"\n{count(total.delivered, 'delivery', 'deliveries')} and {count(total.failed, 'failure', 'failures')} "
        f"{_words(stats.activity.span)}; {total.pending} pending"
    )
    return DONE


def _words(span: Span) -> str:
    return f"from {local_time(span.since)} to {local_time(span.until)}"


def _for_json(found: Activities, rows: list[activity_tables.Row]) -> dict[str, Any]:
    key = found.by.replace("-", "_")
    total = activity_tables.Row("", found.total, found.span.seconds)
    return {
        "since": found.span.since,
        "until": found.span.until,
        "step": found.span.step,
        "by": found.by,
        "groups": [{key: row.key, **activity_tables.for_json(row)} for row in rows],
        "total": activity_tables.for_json(total),
    }


def _counts(stats: Stats) -> dict[str, Any]:
    events = {name: getattr(stats, name) for name in ("events", "events_alone", "oldest_event")}
    counts = {**stats.totals, "oldest_pending": stats.oldest_pending, "by_listener": stats.by_listener}
    dropped = [
        {"event_type": each.event_type, "count": each.count, "first": each.first, "last": each.last}
        for each in stats.dropped
    ]
    return {**counts, **events, "dropped": dropped, "activity": None}


def _show_counts(bus: EventBus, stats: Stats) -> None:
    from pulp_events.outbox.dropped import OTHERS, listed, other_types
    from pulp_events.settings.kept import keeps_beyond

    types = {listener.id: listener.notifier_type_id for listener in bus.listeners.list()}
    health = bus.deliveries.health()
    rows: list[tuple[str, str | None, Mapping[str, int], datetime | None]] = []
    for listener_id in [*types, *sorted(set(stats.by_listener) - set(types))]:
        counts = stats.by_listener.get(listener_id, {})
        last = health[listener_id].last_success if listener_id in health else None
        shown = types.get(listener_id, activity_tables.DELETED)
        rows.append((listener_id, shown, counts, last))
    rows.append((TOTAL, None, stats.totals, None))
    show(COUNTS, bus, rows)
    if stats.oldest_pending is not None:
        tell(f"\nOldest pending event: {local_time(stats.oldest_pending)}")
    if stats.oldest_event is not None and (stats.events_alone or keeps_beyond(bus.settings)):
        alone = f", {stats.events_alone} of them without deliveries" if stats.events_alone else ""
        tell(f"\nStored events: {stats.events}{alone}; the oldest was emitted at {local_time(stats.oldest_event)}")
    for each in listed(stats.dropped):
        what = f"of {other_types(stats.dropped)}" if each.event_type == OTHERS else each.event_type
        times = f"between {local_time(each.first)} and {local_time(each.last)}"
        tell(f"\nDropped: {each.count} {what} {times}: the outbox was full, or `emit` failed")
