"""`pulp-admin event restore`: put a backup in the place of listeners and deliveries."""

from __future__ import annotations

import argparse

from pulp_events_cli import own_files, paths
from pulp_events_cli.commands.backup import holds, values
from pulp_events_cli.errors import DONE
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import local_time
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session


def fill(parser: Parser, session: Session) -> None:
    """Add the arguments."""
    parser.add_argument("file", metavar="FILE", help="file written by `pulp-admin event backup`")
    parser.epilog = (
        "Stop applications and workers first. The current files are kept under other names. Deliveries that were "
        "pending in the backup are made again."
    )
    parser.set_defaults(run=_run, deliver=None)


def _run(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events.outbox.sqlite.restore import restore

    files = own_files.find(arguments.session)
    own_files.refuse_applications(files)
    path = paths.absolute("FILE", arguments.file)
    found, kept = restore(path, files.outbox, files.listeners)
    if arguments.json:
        print_json({"file": str(path), **values(found), "kept": [str(each) for each in kept]})
        return DONE
    confirm(f"{holds(found)} restored, as they were at {local_time(found.made)}")
    for each in kept:
        confirm(f"The previous file is kept as {each}")
    return DONE
