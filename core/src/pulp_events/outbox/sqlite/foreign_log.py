"""A log (`-wal`) beside a database that is not its own: somebody put a copy in the place of a database.

SQLite takes any log beside a file for that file's, plays it into it, and so mixes two databases. Two things tell that a
log is another's: the file is a backup of ours that nobody has opened yet, see `BACKUP_MARK`; or the file is in order
by itself, and is not with its log.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from pulp_events.errors import StoreBusy
from pulp_events.outbox.sqlite import damage, seal
from pulp_events.outbox.sqlite.connection import ERRORS, damaged, explain
from pulp_events.outbox.sqlite.onlooker import Onlooker, has_log
from pulp_events.outbox.sqlite.open_elsewhere import open_elsewhere
from pulp_events.outbox.sqlite.uri import read_only
from pulp_events.system import data_dir
from pulp_events.system.logs import get_logger

BACKUP_MARK = 0x70756C42
"""`PRAGMA application_id` of a backup. It is taken away, in the file itself, before the first log is made."""
_SQLITE = b"SQLite format 3\x00"
_APPLICATION_ID = slice(68, 72)
"""Where it stands in a database file (https://www.sqlite.org/fileformat2.html §1.3)."""

_logger = get_logger(__name__)


def is_backup(path: Path) -> bool:
    """True if this file is a backup that nobody has opened as an outbox yet."""
    if not path.exists():
        return False
    try:
        with contextlib.closing(sqlite3.connect(read_only(path, immutable=True), uri=True)) as connection:
            return bool(connection.execute("PRAGMA application_id").fetchone()[0] == BACKUP_MARK)
    except ERRORS:  # such as a folder, or a file that nobody may read: whoever opens it next says so
        return False


def was_backup(path: Path) -> bool:
    """True if this file begins as a backup does, whatever became of the rest: it may be one that was torn. False where
    it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(_APPLICATION_ID.stop)
    except OSError:
        return False
    return head.startswith(_SQLITE) and head[_APPLICATION_ID] == BACKUP_MARK.to_bytes(4, "big")


def is_foreign(path: Path) -> bool:
    """True if the log beside this damaged database is another's."""
    if not has_log(path):
        return False
    if is_backup(path):
        return True
    with Onlooker(path, without_log=True) as alone, Onlooker(path) as together:
        # Pages only: a log of its own may well hold a value that is none of ours.
        return not damage.find_in(alone) and together.damage(damage.LONG, thorough=True) != ""


def take_into_use(path: Path) -> None:
    """Make a backup that was copied here an outbox, without a log that was another's. The caller holds the lock.

    Raises StoreCorrupt where the file is not as it was written, StoreError where it cannot be written.
    """
    if has_log(path):
        set_log_aside(path)
    whole = _seal(path)
    if whole is not None and not seal.is_whole(path, whole):
        raise damaged(path, "it is not as the backup was written")
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            make_outbox(connection)
    except ERRORS as error:
        raise explain(path, error) from error


def _seal(path: Path) -> str | None:
    """The digest that a backup holds; None for one of an earlier release, or of which that part is already removed."""
    with Onlooker(path, without_log=True) as file:
        if not file.rows("SELECT 1 FROM sqlite_master WHERE name = 'pulp_backup'"):
            return None
        found = file.rows("SELECT value FROM pulp_backup WHERE name = 'whole'")
    return str(found[0][0]) if found else None


def make_outbox(connection: sqlite3.Connection) -> None:
    """Make a backup an outbox. It has a log from then on, and no mark: not for a moment both."""
    connection.execute("DROP TABLE IF EXISTS pulp_backup")
    connection.execute("PRAGMA application_id = 0")
    connection.execute("PRAGMA journal_mode = WAL")


def set_log_aside(path: Path) -> None:
    """Rename the log beside the database. Raises StoreBusy where a process has it open: it would write on into it."""
    if who := open_elsewhere(path):
        raise StoreBusy(f"{path} was replaced while {who} has it open; end that, then try again")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    kept = path.with_name(f"{path.name}.foreign-{stamp}")
    # As another file, so that connections of this process, which have the log open, open it again.
    copy = path.with_name(f".{path.name}.{stamp}.tmp")
    data_dir.create(copy)
    shutil.copyfile(path, copy)
    for suffix in ("-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    copy.replace(path)
    _logger.error("the log beside %s belongs to another file; it was set aside as %s-wal", path, kept)
