"""Makes the database ready when an outbox opens: new, of an older version, or damaged."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pulp_events.errors import StoreBusy, StoreCorrupt
from pulp_events.outbox.sqlite import damage, foreign_log, schema
from pulp_events.outbox.sqlite.connection import (
    ERRORS,
    connect,
    damage_marker,
    damaged,
    explain,
    note_damage,
    patiently,
    prepare,
    set_aside,
)
from pulp_events.outbox.sqlite.own_transaction import NOTICE, is_held_by_this_thread
from pulp_events.system import data_dir, replacement
from pulp_events.system.file_lock import locked
from pulp_events.system.logs import get_logger
from pulp_events.system.uninterrupted import in_caller

_logger = get_logger(__name__)


def set_up(path: Path, set_damaged_aside: bool = True, timeout: float | None = None) -> Path | None:
    """Make or migrate the tables; set a damaged file aside under another name, and begin a new one.

    Returns that name; None where nothing was set aside. `timeout`: seconds to wait for other transactions. Raises
    StoreError, StoreTooNew; StoreBusy at once where the transaction is one of this thread's own, which would wait for
    itself; StoreCorrupt where a damaged file is to stay where it is.
    Several processes may do this at once: one does it, the others find it done.
    """
    replacement.finish(path.parent)
    if _is_ready(path, timeout):
        return None
    schema.check_known(path)  # before anything else: to this release, tables that it does not know look damaged
    kept = None
    with locked(path.with_name(path.name + ".lock")):
        try:
            if foreign_log.is_backup(path):
                foreign_log.take_into_use(path)
            _check_for_damage(path)
            _migrate(path, timeout)
        except StoreCorrupt:
            if not set_damaged_aside:
                raise
            kept = set_aside(path)
            _logger.error(
                "%s is damaged or not a database; it was set aside as %s, and a new outbox was created", path, kept
            )
            _migrate(path, timeout)
        # SQLite deletes its rollback journal, but does not make sure that it stays deleted: should a power cut bring it
        # back, it would be played back into a database that has moved on.
        data_dir.sync(path.parent)
    return kept


def set_aside_if_damaged(path: Path) -> Path | None:
    """Look at the whole outbox, and set it aside if it is damaged, whether or not somebody came upon that.

    Returns the name that it has now; None where it is sound, or is not there. Processes that have it open go on with
    the new one. Raises StoreError where it cannot be looked at, as one that is locked or may not be read; it stays.
    """
    if not path.exists():
        return None
    schema.check_known(path)
    if not foreign_log.is_backup(path):  # which is looked at when it is taken into use
        if not damage.find(path):
            return None
        note_damage(path)
    return set_up(path)


def _is_ready(path: Path, timeout: float | None) -> bool:
    if damage_marker(path).exists() or not path.exists() or foreign_log.is_backup(path):
        return False
    try:
        connection = connect(path)
        try:
            return patiently(schema.version, connection, timeout=timeout) == schema.VERSION
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


def _migrate(path: Path, timeout: float | None) -> None:
    def check_own_transaction() -> None:
        if in_caller(lambda: is_held_by_this_thread(path), False):
            raise StoreBusy(
                f"{path} does not have this release's tables yet, and cannot get them as it is locked by a transaction "
                "of this same thread; commit or roll back, and open the event bus before a transaction begins; "
                "nothing was stored"
            )

    wait = partial(patiently, timeout=timeout, noticing=[(NOTICE, check_own_transaction)])
    try:
        connection = connect(path)
        try:
            if wait(schema.version, connection) == 0:
                prepare(connection, wait)
            wait(schema.migrate, connection, str(path))
        finally:
            connection.close()
    except ERRORS as error:
        raise explain(path, error) from error
