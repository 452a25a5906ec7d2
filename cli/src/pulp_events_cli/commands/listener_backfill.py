"""`pulp-admin event listener backfill`: give a listener the stored events that it would have got."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events_cli.commands.one_listener import add_listener_id
from pulp_events_cli.commands.span import check_span
from pulp_events_cli.errors import DONE, CommandFailed
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.output.progress import Progress
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm, warning
from pulp_events_cli.output.text import count
from pulp_events_cli.parser.argument_types import moment, rate
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.stopping import stoppable

if TYPE_CHECKING:
    from pulp_events.bus.backfilling import Backfilled
    from pulp_events.bus.event_bus import EventBus


def fill(parser: Parser) -> None:
    """Add the options."""
    add_listener_id(parser)
    since = "2026-11-24T08:00, or 2d for two days ago"
    parser.add_argument(
        "--since", type=moment, required=True, metavar="TIME", help=f"events emitted at or after this time: {since}"
    )
    parser.add_argument("--until", type=moment, metavar="TIME", help="events emitted before this time; default: now")
    parser.add_argument(
        "--rate", type=rate, metavar="RATE", help="how many to add in a time, such as 10/s or 100/m; default: all"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say how many deliveries would be added")
    parser.epilog = (
        "The listener gets each stored event that its event types, scope and filter let through now, once: what it has "
        "or had is passed over, so that the same command continues one that was interrupted or killed. Older events "
        "come first, also before new ones that wait; with --rate, new ones are delivered in between."
    )
    parser.set_defaults(run=_run)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    from pulp_events.bus.backfilling import Backfilled

    listener = listener_ids.find(bus, arguments.listener_id)
    check_span(arguments)
    so_far = Backfilled()
    dry = arguments.dry_run
    with stoppable() as stopped, Progress("backfill: deliveries") as progress:
        for so_far in bus.backfill(  # noqa: B007
            listener.id, since=arguments.since, until=arguments.until, rate=arguments.rate, dry_run=dry
        ):
            progress.show(so_far.added)
            if stopped():
                break
        interrupted = stopped()
    if arguments.json:
        counts = {name: getattr(so_far, name) for name in ("added", "there", "expired", "unknown")}
        print_json({"listener_id": listener.id, **counts, "dry_run": dry, "interrupted": interrupted})
    else:
        confirm(_said(so_far, dry))
        if so_far.expired:
            confirm(f"{count(so_far.expired, 'event', 'events')} passed over: expired for this listener")
        if so_far.unknown:
            confirm(
                f"{count(so_far.unknown, 'event', 'events')} passed over: some of their deliveries were deleted, and "
                "the listener may have had one"
            )
        if so_far.added and not dry and not listener.enabled:
            warning(f"listener {listener.id} is disabled; its deliveries wait until it is enabled")
    if interrupted:
        raise CommandFailed(
            f"interrupted after {count(so_far.added, 'delivery', 'deliveries')}; run the same command to continue"
        )
    return DONE


def _said(so_far: Backfilled, dry: bool) -> str:
    if not so_far.added and so_far.there:
        return f"Nothing to add: {count(so_far.there, 'delivery is', 'deliveries are')} there already"
    added = f"{count(so_far.added, 'delivery', 'deliveries')} {'would be ' if dry else ''}added"
    return f"{added}; {so_far.there} there already" if so_far.there else added
