"""`pulp-admin event top`: a full-screen view of what is delivered, what fails, and what waits."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from pulp_events_cli.errors import DONE, CommandFailed
from pulp_events_cli.output import own_stdout
from pulp_events_cli.output.terminal import is_terminal
from pulp_events_cli.parser.argument_types import lifetime, positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events_cli.top.reading import Reading
    from pulp_events_cli.top.state import View

_SORTS = ("trouble", "name", "pending", "rate", "failed", "dead", "slow")
_ROWS = 20


def fill(parser: Parser, session: Session) -> None:
    """Add the options."""
    parser.add_argument(
        "--interval", type=lifetime, default=2.0, metavar="DURATION", help="how often to ask the store; default: 2s"
    )
    parser.add_argument(
        "--span", type=_span, default=900.0, metavar="DURATION", help="count what happened within this time; "
        "default: 15m, at most 90d",
    )  # fmt: skip
    parser.add_argument(
        "--sort", choices=_SORTS, default=_SORTS[0], metavar="KEY",
        help=f"sort listeners by {', '.join(_SORTS[:-1])} or {_SORTS[-1]}; default: {_SORTS[0]}",
    )  # fmt: skip
    parser.add_argument(
        "--find", default="", metavar="WORDS", help="only listeners that have these words in their name, type, labels, "
        "event types, state or error",
    )  # fmt: skip
    parser.add_argument("--once", action="store_true", help="print it once, and exit")
    parser.add_argument("--for", dest="length", type=lifetime, metavar="DURATION", help="stop after this time")
    parser.add_argument(
        "--rows", type=positive, default=_ROWS, metavar="NUMBER",
        help=f"maximum number of listeners to print with --once or --json; default: {_ROWS}",
    )  # fmt: skip
    parser.epilog = (
        "Press ? for the keys and q to quit. Without a terminal it is printed once, as with --once; with --json, an "
        "object per line is printed at each interval until you press Ctrl-C."
    )
    parser.set_defaults(run=_run, only_reads=True)


def _span(text: str) -> float:
    """A time for which counts are kept."""
    from pulp_events.outbox.activity import DAY, KEPT

    seconds = lifetime(text)
    if seconds > KEPT[DAY]:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is too long: counts are kept for {KEPT[DAY] // DAY:.0f}d")
    return seconds


def _run(bus: EventBus, arguments: argparse.Namespace) -> int:
    stream = own_stdout.real()
    if not arguments.json and not arguments.once and stream is not None and stream.isatty():
        _check_terminal()
    # What it draws with is imported by this command only.
    from pulp_events_cli.top.model import Sort
    from pulp_events_cli.top.reading import Reading
    from pulp_events_cli.top.state import View

    reading = Reading(bus, arguments.span, arguments.interval)
    view = View(sort=Sort(arguments.sort), wanted=arguments.find)
    end = None if arguments.length is None else time.monotonic() + arguments.length
    if arguments.json:
        return _objects(bus, reading, view, arguments, end)
    if arguments.once or not is_terminal(stream):
        from pulp_events_cli.top.once import show

        show(bus, reading, view, arguments.rows, stream)
        return DONE
    from pulp_events_cli.top.app import App

    return App(bus, reading, view, stream).run(end)


def _check_terminal() -> None:
    """Raise CommandFailed unless a person at a terminal can use a full-screen view."""
    if not is_terminal(own_stdout.real()):
        term = os.environ.get("TERM") or "not set"
        raise CommandFailed(f"TERM is {term}, which shows no full-screen view; use --once")
    if sys.stdin is None or not sys.stdin.isatty():
        raise CommandFailed("standard input is no terminal to read keys from; use --once")


def _objects(bus: EventBus, reading: Reading, view: View, arguments: argparse.Namespace, end: float | None) -> int:
    from pulp_events_cli.output.records import print_json
    from pulp_events_cli.top.once import for_json

    try:
        while True:
            print_json(for_json(bus, reading, view, arguments.rows), one_line=True)
            if arguments.once or (end is not None and time.monotonic() + reading.pause >= end):
                return DONE
            time.sleep(reading.pause)
    except KeyboardInterrupt:
        return DONE  # the way in which it ends
