"""`pulp-admin event erase`: removes what stored events hold, such as somebody's data."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pulp_events.errors import StoreError
from pulp_events_cli.commands.event_list import add_query, read_query
from pulp_events_cli.errors import DONE, CommandFailed, UsageError
from pulp_events_cli.output.asking import agreed, can_ask, is_watched
from pulp_events_cli.output.progress import Progress
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm, warning
from pulp_events_cli.output.text import count
from pulp_events_cli.parser.argument_types import positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session
from pulp_events_cli.stopping import stoppable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.erasure import Erased, ErasureResult
    from pulp_events.outbox.stored_event import EventQuery

TIMEOUT = 30


def fill(parser: Parser, session: Session) -> None:
    """Add the options."""
    add_query(parser)
    parser.add_argument("--all", action="store_true", help="all events that are stored")
    parser.add_argument("--dry-run", action="store_true", help="only say how much there is")
    parser.add_argument("--yes", action="store_true", help="do not ask, on a terminal, whether to go on")
    parser.add_argument(
        "--timeout",
        type=positive,
        default=TIMEOUT,
        metavar="SECONDS",
        help=f"how long to wait for those who keep old data in the files in use; default: {TIMEOUT}",
    )
    parser.epilog = (
        "Removes reports, and what was said of their deliveries, from the tables and the files of the outbox. Which "
        "events there were, and to whom they went, stays. Pending deliveries are dead. The expression is shown in the "
        "list of processes: `--where -` reads it from standard input. Interrupted at any moment, the same command goes "
        "on. Backups, and what receivers have, are not touched."
    )
    parser.set_defaults(run=_run)


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    where = _read_where(arguments.where)
    query = read_query(bus, arguments)
    times = (arguments.since, arguments.until)
    chosen = (arguments.event_type, *times, arguments.scope, arguments.id, arguments.error)
    given = where is not None or any(chosen)
    if given == arguments.all:
        raise UsageError("choose the events to erase either with options such as --where or --id, or with --all")
    if arguments.where == "-" and is_watched() and not (can_ask() or arguments.yes or arguments.dry_run):
        raise UsageError(
            "--where - takes standard input, so nobody can be asked: see first with --dry-run what would be erased, "
            "then add --yes"
        )
    if arguments.dry_run or (can_ask() and not arguments.yes):
        with Progress("count: events") as progress, stoppable() as stopped:
            found = bus.events.erase(
                query, where=where, all_events=arguments.all, dry_run=True, progress=_showing(progress, stopped)
            )
        if arguments.dry_run:
            _show(arguments, found, clean=False)
            return _end(found)
        for each in found.remarks:
            warning(each)
        if found.interrupted or not agreed(f"Erase {_counts(found.erased)}? It cannot be undone."):
            raise CommandFailed("nothing was erased")
    return _erase(bus, arguments, query, where)


def _read_where(where: str | None) -> str | None:
    """The expression, which is checked before anything else: no message has a word of it."""
    from pulp_events.errors import InvalidConfig
    from pulp_events.listeners.filters import compile_filter

    if where == "-":
        where = sys.stdin.readline().strip()
        if not where:
            raise UsageError("--where - reads the expression from standard input, and no line with one was there")
    if where is not None:
        try:
            compile_filter(where, "--where", hidden=True)
        except InvalidConfig as error:
            raise UsageError(str(error)) from None
    return where


def _erase(bus: EventBus, arguments: argparse.Namespace, query: EventQuery, where: str | None) -> int:
    from dataclasses import replace

    from pulp_events.outbox.erasure import Erased, ErasureResult

    so_far = Erased()
    failed: StoreError | None = None
    with Progress("erase: events") as progress, stoppable() as stopped:
        show = _showing(progress, stopped)

        def note(erased: Erased) -> bool:
            nonlocal so_far
            so_far = erased
            return show(erased)

        try:
            result = bus.events.erase(
                query, where=where, all_events=arguments.all, progress=note, timeout=arguments.timeout
            )
        except StoreError as error:
            if so_far == Erased():
                raise
            failed, result = error, ErasureResult(so_far)
    clean = failed is None and not result.interrupted
    _show(arguments, replace(result, erased=so_far), clean)
    if failed is not None:
        raise CommandFailed(str(failed)) from failed
    if result.interrupted:
        raise CommandFailed(f"interrupted after {count(so_far.events, 'event', 'events')}; run the same command again")
    return _end(result)


def _end(result: ErasureResult) -> int:
    """An event on which the expression failed may be just the one that was meant."""
    if result.failed:
        raise CommandFailed(
            f"the expression fails on {count(result.failed, 'event', 'events')}, which nobody knows whether to erase; "
            "rule them out in it, such as by payload.user && contains(payload.user, …)"
        )
    if result.scope_unknown:
        raise CommandFailed(
            f"the scope of {count(result.scope_unknown, 'event', 'events')} is not known, and so not whether to erase "
            "them; erase these without --scope, by --until or --id: `event list --columns id,scope` shows them"
        )
    return DONE


def _showing(progress: Progress, stopped: Callable[[], bool]) -> Callable[[Erased], bool]:
    def show(erased: Erased) -> bool:
        progress.show(erased.events)
        return stopped()

    return show


def _show(arguments: argparse.Namespace, result: ErasureResult, clean: bool) -> None:
    from dataclasses import asdict

    erased = result.erased
    for each in result.remarks:
        warning(each)
    if arguments.json:
        said = {
            "failed": result.failed,
            "scope_unknown": result.scope_unknown,
            "dry_run": arguments.dry_run,
            "interrupted": result.interrupted,
            "clean": clean,
            "remarks": list(result.remarks),
        }
        print_json({**asdict(erased), **said})
        return
    confirm(f"{_counts(erased)} {'would be ' if arguments.dry_run else ''}erased")
    if erased.under_way and not arguments.dry_run:
        confirm(
            f"{count(erased.under_way, 'delivery was', 'deliveries were')} under way and cannot be called back: the "
            "receiver may have got the event"
        )


def _counts(erased: Erased) -> str:
    events = count(erased.events, "event", "events")
    pending = count(erased.pending, "pending delivery", "pending deliveries")
    return f"{events}, {pending} and {count(erased.details, 'detail', 'details')} of attempts"
