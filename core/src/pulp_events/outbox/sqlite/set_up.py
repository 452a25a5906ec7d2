"""Makes the database ready when an outbox opens: new, of an older version, or damaged."""

from __future__ import annotations

from pathlib import Path

from pulp_events.errors import StoreCorrupt
from pulp_events.outbox.sqlite import damage, foreign_log, schema
from pulp_events.outbox.sqlite.connection import (
    ERRORS,
    connect,
    damage_marker,
    damaged,
    explain,
    patiently,
    prepare,
    set_aside,
)
from pulp_events.system import data_dir
from pulp_events.system.file_lock import locked
from pulp_events.system.logs import get_logger

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
            if foreign_log.is_backup(path):
                foreign_log.take_into_use(path)
            _check_for_damage(path)
            _migrate(path)
        except StoreCorrupt:
            if not set_damaged_aside:
                raise
            kept = set_aside(path)
            _logger.error(
                "%s is damaged or not a database; it was set aside as %s, and a new outbox was created", path, kept
            )
            _migrate(path)
        # SQLite deletes its rollback journal, but does not make sure that it stays deleted: should a power cut bring it
        # back, it would be played back into a database that has moved on.
        data_dir.sync(path.parent)


def _is_ready(path: Path) -> bool:
    if damage_marker(path).exists() or not path.exists() or foreign_log.is_backup(path):
        return False
    try:
        connection = connect(path)
        try:
            return patiently(schema.version, connection) == schema.VERSION
        finally:
            connection.close()
    except ERRORS:
        return False


def _check_for_damage(path: Path) -> None:
    """Look at the whole file if a process found it damaged; raises StoreCorrupt."""
    marker = damage_marker(path)
    if not marker.exists():
        return
    found = damage.find(path)
    if found and foreign_log.is_foreign(path):
        foreign_log.set_log_aside(path)
        found = damage.find(path)
    marker.unlink(missing_ok=True)
    if found:
        raise damaged(path, found)


def _migrate(path: Path) -> None:
    try:
        connection = connect(path)
        try:
            if patiently(schema.version, connection) == 0:
                prepare(connection)
            patiently(schema.migrate, connection, str(path))
        finally:
            connection.close()
    except ERRORS as error:
        raise explain(path, error) from error
