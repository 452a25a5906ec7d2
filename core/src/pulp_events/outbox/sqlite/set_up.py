"""Makes the database ready when an outbox opens: new, of an older version, or damaged."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from pulp_events import data_dir
from pulp_events.errors import StoreCorrupt
from pulp_events.file_lock import locked
from pulp_events.logs import get_logger
from pulp_events.outbox.sqlite import schema
from pulp_events.outbox.sqlite.connection import (
    connect,
    damage_marker,
    explain,
    patiently,
    prepare,
    set_aside,
)

_logger = get_logger(__name__)


def set_up(path: Path, set_damaged_aside: bool = True) -> None:
    """Make or migrate the tables; set a damaged file aside under another name, and begin a new one.

    Raises StoreError, StoreTooNew; StoreCorrupt where a damaged file is to stay where it is.
    Several processes may do this at once: one does it, the others find it done.
    """
    if _is_ready(path):
        return
    with locked(path.with_name(path.name + ".lock")):
        try:
            _check_for_damage(path)
            _migrate(path)
        except StoreCorrupt:
            if not set_damaged_aside:
                raise
            kept = set_aside(path)
            _logger.error("%s is damaged, or no database; it was set aside as %s, and a new outbox begun", path, kept)
            _migrate(path)
        # SQLite deletes its rollback journal, but does not make sure that it stays deleted: should a power cut bring it
        # back, it would be played back into a database that has moved on.
        data_dir.sync(path.parent)


def _is_ready(path: Path) -> bool:
    if damage_marker(path).exists() or not path.exists():
        return False
    try:
        connection = connect(path)
        try:
            return patiently(schema.version, connection) == schema.VERSION
        finally:
            connection.close()
    except sqlite3.Error:
        return False


def _check_for_damage(path: Path) -> None:
    """Look at the whole file if a process found it damaged."""
    marker = damage_marker(path)
    if not marker.exists():
        return
    try:
        connection = connect(path)
        try:
            found = patiently(connection.execute, "PRAGMA quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise explain(path, error) from error
    marker.unlink(missing_ok=True)
    if found != "ok":
        raise StoreCorrupt(f"{path} is damaged ({found})")


def _migrate(path: Path) -> None:
    try:
        connection = connect(path)
        try:
            if patiently(schema.version, connection) == 0:
                prepare(connection)
            patiently(schema.migrate, connection, str(path))
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise explain(path, error) from error
