"""Damaged outboxes that were set aside: which there are, and from which of them nothing has been recovered yet."""

from __future__ import annotations

import contextlib
from pathlib import Path

from pulp_events.system import data_dir

_WORD = ".corrupt-"
_RECOVERED = ".recovered"
"""Ending of an empty file that says: what was readable of the one beside it is in the outbox."""
_NOT_OUTBOXES = ("-wal", "-shm", "-journal", _RECOVERED)


def name(outbox: Path, stamp: str) -> Path:
    """Under which name a damaged outbox is kept."""
    return outbox.with_name(f"{outbox.name}{_WORD}{stamp}")


def kept(outbox: Path) -> list[Path]:
    """Those that are there, the oldest first."""
    found = outbox.parent.glob(f"{outbox.name}{_WORD}*")
    return sorted(path for path in found if not path.name.endswith(_NOT_OUTBOXES))


def unrecovered(outbox: Path) -> list[Path]:
    """Those that nothing was recovered from: the deliveries that are pending in them are not made."""
    return [path for path in kept(outbox) if not _mark(path).exists()]


def text(path: Path) -> str:
    """What it means that this one was set aside, and what to do."""
    return (
        f"{path} is a damaged outbox that was set aside: deliveries pending in it are not being made; recover what is "
        "readable with `pulp-admin event recover`, or delete the file if nothing in it is needed"
    )


def note_recovered(path: Path, outbox: Path) -> None:
    """What is readable of this file is in the outbox. Nothing is noted of files that were not set aside here."""
    if any(path.absolute() == each.absolute() for each in kept(outbox)):
        with contextlib.suppress(OSError):
            mark = _mark(path)
            if not mark.exists():
                data_dir.create(mark)


def _mark(path: Path) -> Path:
    return path.with_name(path.name + _RECOVERED)
