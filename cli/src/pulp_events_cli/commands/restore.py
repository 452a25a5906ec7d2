"""`pulp-admin event restore`: put a backup in the place of listeners and deliveries."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pulp_events_cli import own_files, paths
from pulp_events_cli.commands import undone_erasures
from pulp_events_cli.commands.backup import holds, values
from pulp_events_cli.errors import DONE
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm, warning
from pulp_events_cli.output.text import local_time
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.sqlite.backup import Backup
    from pulp_events.outbox.sqlite.restore import WriteHistory


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
    own_files.refuse_foreign_listeners(arguments.session, files)
    path = paths.absolute("FILE", arguments.file)
    erased = undone_erasures.erasures(files.outbox)
    found, kept = restore(path, files.outbox, files.listeners, _history(arguments.session))
    undone = [each for each in erased if each.id not in {again.id for again in undone_erasures.erasures(files.outbox)}]
    if arguments.json:
        print_json({"file": str(path), **values(found), "kept": [str(each) for each in kept]})
    else:
        confirm(f"{holds(found)} restored, as they were at {local_time(found.made)}")
        for name in found.files:
            holds_what = arguments.session.plugins.data_files.get(name, "of a plugin that is not installed")
            confirm(f"{name} ({holds_what}) is as it was then, too")
        for each in kept:
            confirm(f"The previous file is kept as {each}")
    if not found.is_sealed:
        warning(
            f"{path} is of an earlier release, whose backups have no digest: it could not be checked whether its texts "
            "are as they were written"
        )
    undone_erasures.warn(undone, path)
    return DONE


def _history(session: Session) -> WriteHistory:
    """What lets the history have what either file knows, and what was done to each listener."""
    from pulp_events.listeners.recording import record
    from pulp_events.listeners.redacted import Redaction
    from pulp_events.listeners.restored_history import merged
    from pulp_events.outbox.sqlite.backup import history_of
    from pulp_events.outbox.sqlite.restore import changes_of, write_new
    from pulp_events.system.clock import SystemClock, from_timestamp
    from pulp_events.system.who import user

    settings = session.settings()
    by = f"{user(os.environ)}, restoring a backup"

    def write(found: Backup, old: Path, new: Path) -> None:
        if not settings.section("events")["keep_history"]:
            return
        was, is_now = ({each.id: each for each in _records(path)} for path in (old, new))
        pairs = [(was.get(each), is_now.get(each)) for each in dict.fromkeys([*was, *is_now])]
        changed = [(before, after) for before, after in pairs if before != after]
        changes = record(changed, by, from_timestamp(SystemClock().time()), Redaction(session.plugins))
        own, number = _content(history_of(old)), changes_of(_content(new))
        known = merged(
            own, changes_of(_content(old)), found.history or b"", changes_of(found.listeners), changes, number
        )
        if known != own:
            write_new(history_of(new), known)

    return write


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _records(path: Path) -> list[Listener]:
    """The listeners as they are; none where they cannot be read, which may be why a backup is restored."""
    from pulp_events.errors import EventsError
    from pulp_events.listeners.tinydb_store import TinyDBListenerStore

    try:
        return [*TinyDBListenerStore(path.parent).all()]
    except EventsError:
        return []
