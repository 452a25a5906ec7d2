"""A backup of everything in one file: the outbox as SQLite copies it, with the listener records in a table beside.

The file is an SQLite database in rollback mode with `foreign_log.BACKUP_MARK`, so that one which is merely copied to
the place of the outbox is known for what it is.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pulp_events.errors import TOO_NEW, StoreCorrupt, StoreError, StoreTooNew
from pulp_events.outbox.sqlite import damage, schema, seal
from pulp_events.outbox.sqlite.connection import damaged, explain_only
from pulp_events.outbox.sqlite.foreign_log import BACKUP_MARK, make_outbox, was_backup
from pulp_events.outbox.sqlite.onlooker import Onlooker
from pulp_events.system import data_dir
from pulp_events.system.clock import from_timestamp
from pulp_events.system.data_files import is_data_file

FORMAT = 2
"""1: without files of plugins; written still where there are none, so that an earlier release can read it."""
RECORDS_VERSION = 1
"""Of the file of listener records, which only `listeners.atomic_storage` makes."""
OF_DATABASE = ("", "-journal", "-wal", "-shm")
"""Endings of the files that SQLite makes for one database."""
_NAMES = frozenset(["format", "made", "listeners", "history", "digest", "whole", "files"])
"""What a backup says of itself. `digest` is of the listeners, `whole` of the file; earlier releases wrote neither."""


@dataclass(frozen=True)
class Backup:
    """What a backup holds."""

    made: datetime
    deliveries: int
    listeners: bytes | None
    """The file of listener records as it was; None where there was none."""
    has_outbox: bool
    """False where no event had been emitted yet."""
    history: bytes | None = None
    """The file of their history; None where there was none, or the backup is of an earlier release."""
    is_sealed: bool = True
    """It has a digest of the whole file, which was checked. False for one of an earlier release, where damage in a text
    goes unnoticed."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Files of plugins in the data folder, by their names."""


def history_of(listeners: Path) -> Path:
    """The file that has the history of the records in this one."""
    return listeners.with_suffix(".history")


def write(outbox: Path, listeners: Path, target: Path, now: float, files: Iterable[str] = ()) -> Backup:
    """Make the file `target` (mode 0600), whole or not at all, while others use the outbox. `now`: for its date.

    `files`: names of files of plugins beside that of the listeners; those that are not there are passed over. Where
    `target` is a link, what it leads to is written. An earlier backup is replaced, and an empty file. Raises
    StoreError, also where the file is another; StoreTooNew where a newer release wrote the outbox or the listeners.
    """
    target = Path(os.path.realpath(target))
    if _is_one_of_ours(target, outbox, listeners) or str(target) in {str(listeners.parent / each) for each in files}:
        raise StoreError(f"{target} is in use; name another file for the backup")
    if not target.parent.is_dir():
        raise StoreError(f"{target.parent} is not an existing folder; create it, or name a file in another one")
    if target.exists() and not target.is_file():
        raise StoreError(f"{target} is not a regular file; name one that can be replaced")
    if target.exists() and target.stat().st_size and not was_backup(target):
        raise StoreError(
            f"{target} is there already, and does not look like a backup; remove it first, or name another file"
        )
    new = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    _remove_leftovers(target)
    try:
        _create(new)
        whole = seal.placeholder()
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as copy:
            if outbox.exists():
                with Onlooker(outbox) as source:
                    source.copy_to(copy, target)
                schema.known(schema.version(copy), str(outbox))
            # After the outbox: a listener that is new then has no deliveries in it, which is better than the reverse.
            # The history first: it may lack the last change, and tells of none that is not in the records.
            history, records = _read(history_of(listeners)), _read(listeners)
            further = {name: content for name in files if (content := _read(listeners.parent / name)) is not None}
            if wrong := _wrong_with(records):
                raise StoreCorrupt(f"{listeners} {wrong}; restore it from a backup first; no backup was written")
            if (form := _records_version(records)) > RECORDS_VERSION:
                raise StoreTooNew(
                    f"{listeners} was written by a newer release (format {form}, supported: {RECORDS_VERSION}); "
                    f"{TOO_NEW}"
                )
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute("BEGIN")
            copy.execute("DROP TABLE IF EXISTS pulp_backup")
            copy.execute("CREATE TABLE pulp_backup (name TEXT PRIMARY KEY, value) WITHOUT ROWID")
            copy.executemany(
                "INSERT INTO pulp_backup VALUES (?, ?)",
                [
                    ("format", FORMAT if further else 1),
                    ("made", now),
                    ("listeners", records),
                    ("history", history),
                    ("digest", _digest(records, history)),
                    ("whole", whole),
                ],
            )
            if further:
                text = json.dumps({name: content.hex() for name, content in further.items()})
                copy.execute("INSERT INTO pulp_backup VALUES ('files', ?)", [text])
            copy.execute("COMMIT")
            copy.execute(f"PRAGMA application_id = {BACKUP_MARK}")
        seal.close(new, whole)
        found = _read_again(new, outbox, target)
        _sync(new)
        new.replace(target)
        data_dir.sync(target.parent)
    except sqlite3.Error as error:
        failure = explain_only(target, error)
        raise (_unsound(outbox, target) if isinstance(failure, StoreCorrupt) else failure) from error
    except OSError as error:
        raise StoreError(f"{target}: {error.strerror or error}; name a writable file") from error
    finally:
        for ending in OF_DATABASE:
            new.with_name(new.name + ending).unlink(missing_ok=True)
    return found


def read(path: Path) -> Backup:
    """What a backup holds; all of the file is looked at. Raises StoreError for a file that is none, StoreCorrupt and
    StoreTooNew."""
    if not path.is_file():
        what = "not a file" if path.exists() else "no such file"
        raise StoreError(f"{path}: {what}; name one written by `pulp-admin event backup`")
    with Onlooker(path, without_log=True) as file:
        try:
            if file.rows("SELECT 1 FROM sqlite_master WHERE name = 'pulp_backup'"):
                values, version = dict(file.rows("SELECT name, value FROM pulp_backup")), file.version()
                _refuse_newer(path, values, version)  # before anything is said of tables that only that release knows
            else:
                values, version = None, 0
        except StoreCorrupt as error:
            raise _damaged(path, damage.find_in(file) or "its tables") from error
        if wrong := damage.find_in(file):
            raise _damaged(path, wrong)
        if values is None:
            raise StoreError(f"{path} is not a backup; name a file written by `pulp-admin event backup`")
        form, made = values.get("format"), values.get("made")
        records, history, whole = values.get("listeners"), values.get("history"), values.get("whole")
        if not isinstance(form, int) or not isinstance(made, int | float) or not _NAMES.issuperset(values):
            raise _damaged(path, "what it says of itself")
        if _wrong_with(records) or values.get("digest") not in (None, _digest(records, history)):
            raise _damaged(path, "the listeners, or their history")
        further = _files(path, values.get("files"))
        deliveries = file.rows("SELECT count(*) FROM pulp_delivery")[0][0] if version else 0
    try:
        if whole is not None and not (isinstance(whole, str) and seal.is_whole(path, whole)):
            raise _damaged(path, "it is not as it was written")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; name a readable file") from error
    return Backup(from_timestamp(made), deliveries, records, version > 0, history, whole is not None, further)


def _read_again(new: Path, outbox: Path, target: Path) -> Backup:
    """What was just written; raises StoreError for what is at fault where that is not sound."""
    try:
        return read(new)
    except StoreCorrupt as error:
        raise _unsound(outbox, target) from error


def _unsound(outbox: Path, target: Path) -> StoreError:
    """Why a copy of the outbox is damaged: because the outbox is, of which a copy succeeds, or the disk fails."""
    if outbox.exists() and (wrong := damage.find(outbox)):
        return StoreCorrupt(f"no backup was written: {damaged(outbox, wrong)}")
    return StoreError(
        f"{target} could not be read as it was written, so that there is no backup; try again, and if that fails, too, "
        "name a file on another disk, as this one may be failing: see the kernel log"
    )


def _files(path: Path, text: Any) -> dict[str, bytes]:
    try:
        found = {name: bytes.fromhex(content) for name, content in json.loads(text or "{}").items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise _damaged(path, "the files of plugins") from error
    if wrong := [name for name in found if not is_data_file(name)]:
        raise _damaged(path, f"the name {wrong[0]!r:.80} of a plugin's file")
    return found


def _damaged(path: Path, what: str) -> StoreCorrupt:
    return StoreCorrupt(f"{path} is damaged or not a database ({what}); use another backup")


def _refuse_newer(path: Path, values: Mapping[str, Any], version: int) -> None:
    records = _records_version(values.get("listeners"))
    form = values.get("format")
    if version > schema.VERSION or records > RECORDS_VERSION or (isinstance(form, int) and form > FORMAT):
        raise StoreTooNew(
            f"{path} was written by a newer release (format {form}, schema {version}, listeners {records}; supported: "
            f"{FORMAT}, {schema.VERSION}, {RECORDS_VERSION}); restore it with that release"
        )


def copy_outbox(source: Path, target: Path) -> None:
    """Write the outbox of a backup as a new file that is ready for use. Raises StoreError."""
    data_dir.create(target)
    try:
        with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
            with Onlooker(source, without_log=True) as file:
                file.copy_to(copy, target)
            make_outbox(copy)
        _sync(target)
    except sqlite3.Error as error:
        raise explain_only(target, error) from error


def _is_one_of_ours(target: Path, outbox: Path, listeners: Path) -> bool:
    """True for the files that are backed up, also where they are not there yet, and for what SQLite keeps beside."""
    if any(
        target.exists() and found.exists() and target.samefile(found)
        for found in (outbox, listeners, history_of(listeners))
    ):
        return True
    database = os.path.realpath(outbox)
    beside = (f"{database}{ending}" for ending in OF_DATABASE)
    locks = (f"{outbox}.lock", str(listeners.with_suffix(".lock")))
    records = (os.path.realpath(listeners), os.path.realpath(history_of(listeners)))
    return str(target) in (*records, *locks, *beside)


def _digest(*contents: bytes | None) -> str:
    """Of what SQLite would not notice a changed bit in."""
    found = hashlib.sha256()
    for content in contents:
        found.update(b"-" if content is None else b"%d:%b" % (len(content), content))
    return found.hexdigest()


def _wrong_with(records: Any) -> str:
    """What is wrong with a file of listeners; empty if nothing, or if there is none."""
    if records is None:
        return ""
    try:
        content = json.loads(records)
        sound = isinstance(content, dict) and isinstance(content.get("listeners", {}), dict)
    except (ValueError, TypeError, RecursionError):
        sound = False
    return "" if sound else "is truncated, or is not a listeners file"


def _records_version(records: Any) -> int:
    """The version of a file of listeners; 0 where it does not say."""
    try:
        return int(json.loads(records)["format"]["1"]["version"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return 0


def _remove_leftovers(target: Path) -> None:
    """Delete what backups to this file have left that were killed: it is large, and has secrets."""
    for path in target.parent.glob(f".{glob.escape(target.name)}.*.tmp*"):
        found = re.fullmatch(rf"\.{re.escape(target.name)}\.(\d+)\.tmp({'|'.join(OF_DATABASE)})", path.name)
        if found and not _runs(int(found[1])):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return pid != os.getpid()  # one of this number was killed before


def _create(path: Path) -> None:
    try:
        data_dir.create(path)
    except StoreError as error:
        # Its remedy would be another data_dir, which has nothing to do with where a backup goes.
        raise error.__cause__ if isinstance(error.__cause__, OSError) else error from None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _sync(path: Path) -> None:
    with _opened(path) as handle:
        os.fsync(handle)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    # Of a file that no connection of this process has open, see `connection.connect`.
    handle = os.open(path, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)
