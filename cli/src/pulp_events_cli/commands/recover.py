"""`pulp-admin event recover`: take what can be read out of a damaged outbox."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pulp_events_cli import own_files, paths
from pulp_events_cli.commands import undone_erasures
from pulp_events_cli.errors import DONE, FOUND, CommandFailed
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm, warning
from pulp_events_cli.output.text import count
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.outbox.sqlite.recover import Recovered
    from pulp_events.outbox.store import Outbox


def fill(parser: Parser, session: Session) -> None:
    """Add the arguments."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="damaged outbox to read; default: the outbox in use if it is damaged, else the newest of those that were "
        "set aside and not recovered yet",
    )
    parser.epilog = (
        "Whatever can be read is stored in the outbox in use, and pending deliveries are made; those that were under "
        "way may be repeated. The exit code is 3 if something is missing. The damaged file is not changed; if it is "
        "the outbox in use, it is first set aside under another name, and a new one takes its place. Applications and "
        "workers can keep running."
    )
    parser.set_defaults(run=_run, deliver=None)


def _run(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events.errors import StoreCorrupt
    from pulp_events.outbox.sqlite.recover import recover

    files = own_files.find(arguments.session, _instead)
    candidates = _damaged(files, None if arguments.file is None else paths.absolute("FILE", arguments.file))
    erased = undone_erasures.erasures(files.outbox)
    while True:
        path = candidates.pop(0)
        try:
            found = recover(path, files.outbox, set_damaged_aside=not files.is_applications)
            break
        except StoreCorrupt as error:
            if not candidates:
                raise
            warning(str(error))
    if found.events:
        there = {each.id for each in undone_erasures.erasures(path)}
        undone_erasures.warn([each for each in erased if each.id not in there], path)
    if arguments.json:
        print_json({"file": str(path), **asdict(found)})
        return DONE if found.is_whole else FOUND
    confirm(
        f"{count(found.events, 'event', 'events')} and {count(found.deliveries, 'delivery', 'deliveries')} recovered "
        f"from {path}, {found.pending} of them pending"
    )
    if found.known:
        confirm(f"{count(found.known, 'event was', 'events were')} already there")
    if found.is_whole:
        return DONE
    confirm(_left_out(found))
    return FOUND


def _left_out(found: Recovered) -> str:
    """What is not in the outbox now, in a sentence."""
    parts = []
    if found.damaged:
        parts.append(f"{count(found.damaged, 'corrupt row was', 'corrupt rows were')} left out")
    if found.gaps:
        some = ", and nobody knows how many events stood there"
        if found.missing is not None:
            some = f", where at most {count(found.missing, 'event', 'events')} stood" if found.missing else ""
        parts.append(f"{count(found.gaps, 'place', 'places')} could not be read{some}")
    return f"not everything was recovered: {', and '.join(parts)}"


def _damaged(files: own_files.OwnFiles, named: Path | None) -> list[Path]:
    """The files to read, of which the first that can be read is: `named`, or those that need it, the newest first.

    The outbox in use is set aside first if it is damaged: the next one to come upon the damage would do so, which may
    be nobody for a long time.
    """
    from pulp_events.outbox.sqlite.set_up import set_aside_if_damaged

    in_use = named is None or (named.exists() and files.outbox.exists() and named.samefile(files.outbox))
    kept = set_aside_if_damaged(files.outbox) if in_use and not files.is_applications else None
    if named is not None:
        return [kept or named]
    return _newest_first(files.outbox)


def _newest_first(outbox: Path) -> list[Path]:
    from pulp_events.outbox.sqlite import aside

    found = aside.unrecovered(outbox) or aside.kept(outbox)
    if not found:
        raise CommandFailed(f"no damaged outbox was set aside in {outbox.parent}; name the file to read")
    return found[::-1]


def _instead(outbox: Outbox) -> str:
    return "no file of them is ever set aside; if that database is damaged, restore it from a backup of its own"
