"""`pulp-admin event restore`: put a backup in the place of listeners and deliveries."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pulp_events_cli import own_files, paths
from pulp_events_cli.commands.backup import holds, values
from pulp_events_cli.errors import DONE
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import local_time
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener


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
    before = _records(files.listeners)
    found, kept = restore(path, files.outbox, files.listeners)
    _note(arguments, files.listeners, before)
    if arguments.json:
        print_json({"file": str(path), **values(found), "kept": [str(each) for each in kept]})
        return DONE
    confirm(f"{holds(found)} restored, as they were at {local_time(found.made)}")
    for each in kept:
        confirm(f"The previous file is kept as {each}")
    return DONE


def _records(path: Path) -> list[Listener]:
    """The listeners as they are; none where they cannot be read, which may be why a backup is restored."""
    from pulp_events.errors import EventsError
    from pulp_events.listeners.tinydb_store import TinyDBListenerStore

    try:
        return [*TinyDBListenerStore(path.parent).all()]
    except EventsError:
        return []


def _note(arguments: argparse.Namespace, path: Path, before: list[Listener]) -> None:
    """Let the history of the listeners have what was done to each."""
    from pulp_events.listeners.recording import record
    from pulp_events.listeners.redacted import Redaction
    from pulp_events.listeners.tinydb_store import TinyDBListenerStore
    from pulp_events.settings.settings import Settings
    from pulp_events.system.clock import SystemClock, from_timestamp
    from pulp_events.system.who import user

    session = arguments.session
    settings = Settings.load(session.options.config, session.plugins.settings_sections)
    store = TinyDBListenerStore(path.parent, settings.section("events")["keep_history"])
    was, is_now = ({each.id: each for each in records} for records in (before, _records(path)))
    pairs = [(was.get(each), is_now.get(each)) for each in dict.fromkeys([*was, *is_now])]
    changed = [(old, new) for old, new in pairs if old != new]
    by = f"{user(os.environ)}, restoring a backup"
    store.note(record(changed, by, from_timestamp(SystemClock().time()), Redaction(session.plugins)))
