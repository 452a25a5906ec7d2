"""Puts a backup in the place of listeners and outbox, together; what was there is kept under another name."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from pulp_events.errors import StoreBusy, StoreError
from pulp_events.outbox.sqlite import backup
from pulp_events.outbox.sqlite.backup import Backup
from pulp_events.outbox.sqlite.connection import damage_marker
from pulp_events.outbox.sqlite.open_elsewhere import open_elsewhere
from pulp_events.system import data_dir
from pulp_events.system.file_lock import locked

_BESIDE = ("-wal", "-shm", "")


def restore(source: Path, outbox: Path, listeners: Path) -> tuple[Backup, list[Path]]:
    """Restore a backup; returns what it holds, and under which names the old files are kept.

    Nothing is changed where the backup cannot be used, or another process has the outbox open. Raises StoreError,
    StoreCorrupt, StoreTooNew, StoreBusy.
    """
    found = backup.read(source)
    for folder in {outbox.parent, listeners.parent}:
        data_dir.prepare(folder)
    with ExitStack() as stack:
        stack.enter_context(locked(listeners.with_suffix(".lock")))
        stack.enter_context(locked(outbox.with_name(outbox.name + ".lock")))
        if who := open_elsewhere(outbox):
            raise StoreBusy(f"{outbox} is open in {who}; stop applications and workers first; nothing was changed")
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        new_outbox = outbox.with_name(f".{outbox.name}.{stamp}.tmp")
        new_listeners = listeners.with_name(f".{listeners.name}.{stamp}.tmp")
        try:
            # Both are written in full before the first takes its place.
            if found.has_outbox:
                backup.copy_outbox(source, new_outbox)
            if found.listeners is not None:
                _write(new_listeners, _counted_on(found.listeners, listeners))
            history = backup.history_of(listeners)
            if found.history is not None and not history.exists():  # else that one knows more
                _write(history, found.history)
            kept = [*_set_aside(outbox, stamp, _BESIDE), *_set_aside(listeners, stamp, ("",))]
            if found.has_outbox:
                new_outbox.rename(outbox)
            if found.listeners is not None:
                new_listeners.rename(listeners)
            damage_marker(outbox).unlink(missing_ok=True)
            for folder in {outbox.parent, listeners.parent}:
                data_dir.sync(folder)
        except OSError as error:
            raise StoreError(f"{error.filename or outbox}: {error.strerror}; run the restore again") from error
        finally:
            new_outbox.unlink(missing_ok=True)
            new_listeners.unlink(missing_ok=True)
    return found, kept


def _counted_on(records: bytes, old: Path) -> bytes:
    """The records with a count of changes above that of the file that they replace, and above their own.

    Whoever has read that file sees by it that it was replaced; the history, which of its changes were made.
    """
    try:
        content = json.loads(records)
        form = content["format"]["1"]
        form["changes"] = max(_changes(records), _changes(old.read_bytes()) if old.exists() else 0) + 1
        return json.dumps(content, ensure_ascii=False, indent=1).encode()
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return records


def _changes(records: bytes) -> int:
    try:
        return int(json.loads(records)["format"]["1"].get("changes", 0))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return 0


def _write(path: Path, content: bytes) -> None:
    data_dir.create(path)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _set_aside(path: Path, stamp: str, suffixes: tuple[str, ...]) -> list[Path]:
    kept = path.with_name(f"{path.name}.before-{stamp}")
    found = path.exists()
    for suffix in suffixes:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return [kept] if found else []
