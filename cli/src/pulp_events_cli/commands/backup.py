"""`pulp-admin event backup`: listeners and deliveries in one file, while everything runs."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from pulp_events_cli import own_files, paths
from pulp_events_cli.errors import DONE
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import count
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.outbox.sqlite.backup import Backup


def fill(parser: Parser, session: Session) -> None:
    """Add the arguments."""
    parser.add_argument(
        "file", metavar="FILE", help="file to write, readable by its owner only; an earlier backup is replaced"
    )
    parser.epilog = (
        "Applications and workers can keep running. The file contains the listeners' secrets. "
        "`pulp-admin event restore` reads it."
    )
    parser.set_defaults(run=_run, deliver=None)


def _run(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events.outbox.sqlite.backup import write
    from pulp_events.system.clock import SystemClock

    files = own_files.find(arguments.session)
    own_files.refuse_applications(files)
    own_files.refuse_foreign_listeners(arguments.session, files)
    path = paths.absolute("FILE", arguments.file)
    further = arguments.session.plugins.data_files
    made = write(files.outbox, files.listeners, path, SystemClock().time(), further)
    if arguments.json:
        print_json({"file": str(path), **values(made)})
    else:
        confirm(f"{holds(made)} written to {path}")
        for name in made.files:
            confirm(f"With it {name}: {further[name]}")
    return DONE


def values(backup: Backup) -> dict[str, Any]:
    """What a backup holds, for programs."""
    return {
        "made": backup.made,
        "listeners": _listeners(backup),
        "deliveries": backup.deliveries,
        "files": [*backup.files],
    }


def holds(backup: Backup) -> str:
    """The same in words."""
    listeners = count(_listeners(backup), "listener", "listeners")
    return f"{listeners} and {count(backup.deliveries, 'delivery', 'deliveries')}"


def _listeners(backup: Backup) -> int:
    return 0 if backup.listeners is None else len(json.loads(backup.listeners).get("listeners", {}))
