"""Puts a backup in the place of listeners and outbox, together; what was there is kept under another name."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pulp_events.errors import DiskFull, StoreBusy, StoreError
from pulp_events.outbox.presence import Kind
from pulp_events.outbox.sqlite import backup
from pulp_events.outbox.sqlite.backup import Backup
from pulp_events.outbox.sqlite.connection import damage_marker
from pulp_events.outbox.sqlite.open_elsewhere import open_elsewhere
from pulp_events.outbox.sqlite.presence_files import PresenceFiles, folder_of
from pulp_events.system import data_dir, replacement
from pulp_events.system.clock import SystemClock
from pulp_events.system.data_files import lock_of
from pulp_events.system.file_lock import locked
from pulp_events.system.remedies import is_full, remedy
from pulp_events.system.replacement import Place

_KINDS = {Kind.WORKER: "a worker", Kind.APPLICATION: "an application"}
WriteHistory = Callable[[Backup, Path, Path], None]
"""Writes the history of listeners that is to be in force. Called with the backup, the file of records that is there,
and the new one, beside which the history goes; either may not exist."""


def restore(
    source: Path, outbox: Path, listeners: Path, write_history: WriteHistory | None = None
) -> tuple[Backup, list[Path]]:
    """Restore a backup; returns what it holds, and under which names the old files are kept.

    Both files are in the same folder. Nothing is changed where the backup cannot be used, or another process has the
    outbox open; and a process that is killed at any moment leaves either what was there, or the backup, see
    `replacement`. `write_history`: by default the backup's is taken where there is none. Raises StoreError,
    StoreCorrupt, StoreTooNew, StoreBusy.
    """
    found = backup.read(source)
    folder = data_dir.prepare(listeners.parent)
    replacement.finish(folder)
    locks = [listeners.with_suffix(".lock").name, f"{outbox.name}.lock", *map(lock_of, sorted(found.files))]
    with ExitStack() as stack:
        for name in locks:
            stack.enter_context(locked(folder / name))
        refuse_used = partial(_refuse_used, outbox)
        refuse_used()
        further = [folder / name for name in found.files]
        kept = [path for path in (outbox, listeners, *further) if path.exists()]
        ending = f".before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        try:
            new = replacement.prepare(folder)
            if found.has_outbox:
                backup.copy_outbox(source, new / outbox.name)
            if found.listeners is not None:
                write_new(new / listeners.name, _counted_on(found.listeners, listeners))
            for name, content in found.files.items():
                write_new(new / name, content)
            (write_history or _history_if_none)(found, listeners, new / listeners.name)
            history = backup.history_of(listeners).name
            places = [
                Place(outbox.name, outbox.name + ending, ("-wal", "-shm"), vacant=not found.has_outbox),
                Place(listeners.name, listeners.name + ending, vacant=found.listeners is None),
                *(Place(path.name, path.name + ending) for path in further),
                *([Place(history, None)] if (new / history).exists() else []),
                Place(damage_marker(outbox).name, None, vacant=True),
            ]
            replacement.commit(folder, places, locks, refuse_used)  # somebody may have come meanwhile
        except OSError as error:
            raise _failed(Path(error.filename or folder), error) from error
        finally:
            replacement.abandon(folder)
    return found, [path.with_name(path.name + ending) for path in kept]


def changes_of(records: bytes | None) -> int:
    """How often a file of records was changed, as it says; 0 where it does not."""
    try:
        return int(json.loads(records or b"")["format"]["1"].get("changes", 0))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return 0


def write_new(path: Path, content: bytes) -> None:
    """Make a file of mode 0600 that is on the disk when this returns. Raises OSError, StoreError."""
    data_dir.create(path)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _failed(path: Path, error: OSError) -> StoreError:
    """Says what to do before the restore can be run again, and where: a file that was to be made is not there yet."""
    while not path.exists() and path != path.parent:
        path = path.parent
    kind = DiskFull if is_full(error) else StoreError
    return kind(f"{path}: {error.strerror or error}; {remedy(error)}; then run the restore again")


def _refuse_used(outbox: Path) -> None:
    if who := open_elsewhere(outbox):
        at_work = f"{who}{_what_is(who, outbox)}"
        raise StoreBusy(f"{outbox} is open in {at_work}; stop applications and workers first; nothing was changed")


def _what_is(who: str, outbox: Path) -> str:
    """What a process is, as far as it told: `, a worker on host ci7 that delivers since …`."""
    with suppress(OSError, StoreError):
        for each in PresenceFiles(folder_of(outbox), SystemClock()).all():
            if not each.gone and who == f"process {each.pid}":
                does = "delivers" if each.delivers else "emits"
                since = f"{each.started.astimezone():%Y-%m-%d %H:%M:%S %Z}"
                return f", {_KINDS[each.kind]} on {each.host} that {does} since {since}"
    return ""


def _history_if_none(found: Backup, listeners: Path, new: Path) -> None:
    if found.history is not None and not backup.history_of(listeners).exists():
        write_new(backup.history_of(new), found.history)


def _counted_on(records: bytes, old: Path) -> bytes:
    """The records with a count of changes above that of the file that they replace, and above their own.

    Whoever has read that file sees by it that it was replaced; the history, which of its changes were made.
    """
    try:
        content = json.loads(records)
        form = content["format"]["1"]
        form["changes"] = max(changes_of(records), changes_of(old.read_bytes() if old.exists() else None)) + 1
        return json.dumps(content, ensure_ascii=False, indent=1).encode()
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return records
