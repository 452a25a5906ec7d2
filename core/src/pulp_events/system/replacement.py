"""Files of a folder that take the places of others together: all of them or none, whatever ends the process meanwhile.

The new files are made in a folder beside the old ones. Once all are whole and on the disk, that folder gets its final
name, `BEGUN`, in one step: from then on they are in force, and whoever opens one of the old files next, or changes it,
first finishes what is left to do. Before that step nothing has changed.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

from pulp_events.errors import StoreCorrupt
from pulp_events.system import data_dir
from pulp_events.system.file_lock import locked
from pulp_events.system.logs import get_logger

BEGUN = ".restoring"
_PREPARED = ".restoring.tmp"
_PLAN = "plan.json"

_logger = get_logger(__name__)


class Place(NamedTuple):
    """One place, by names in the folder."""

    name: str
    """Of the file that is replaced, and of the new one in the folder of those."""
    kept: str | None
    """What the old one is called afterwards; None: it is not kept."""
    beside: Sequence[str] = ()
    """Endings of files that belong to the old one, are kept with it, and must not stay beside the new one."""
    vacant: bool = False
    """There is no new one: the place is to be empty."""


def prepare(folder: Path) -> Path:
    """An empty folder for the new files, of mode 0700; what one that was killed before has left is deleted."""
    abandon(folder)
    new = folder / _PREPARED
    new.mkdir(mode=0o700)
    handle = os.open(new, os.O_RDONLY)
    try:
        data_dir.leave_to_owner(handle, folder)
    finally:
        os.close(handle)
    return new


def abandon(folder: Path) -> None:
    """Delete what was prepared and is not in force."""
    import shutil  # readers of the folder do not need it

    shutil.rmtree(folder / _PREPARED, ignore_errors=True)


def commit(folder: Path, places: Sequence[Place], locks: Sequence[str], check: Callable[[], None]) -> None:
    """Put what was prepared in force. `locks`: names of the locks that the caller holds.

    `check` raises what keeps the old files where they are; from the moment of its call nobody opens them any more.
    Raises OSError; nothing is changed then, or `finish` does the rest.
    """
    new = folder / _PREPARED
    for place in places:
        if not place.vacant:
            _resemble(new / place.name, folder / place.name)
            data_dir.sync(new / place.name)
    plan = new / _PLAN
    data_dir.create(plan)
    plan.write_text(json.dumps({"places": [each._asdict() for each in places], "locks": list(locks)}))
    data_dir.sync(plan)
    data_dir.sync(new)
    new.rename(folder / BEGUN)
    try:
        check()
    except BaseException:
        (folder / BEGUN).rename(new)
        raise
    data_dir.sync(folder)
    _finish(folder)


def is_begun(folder: Path) -> bool:
    """True if new files are in force and not all in their places."""
    return os.path.isdir(os.path.join(folder, BEGUN))  # noqa: PTH112, PTH118  # at each opening; False for bad names


def finish(folder: Path) -> None:
    """Put the rest in its places, where a process that was about to was killed. Takes the locks that it had.

    Raises StoreBusy, StoreError, StoreCorrupt.
    """
    if not is_begun(folder):
        return
    try:
        locks = [str(each) for each in _plan(folder)["locks"]]
    except FileNotFoundError:
        return  # another one finished
    try:
        with ExitStack() as stack:
            for name in locks:
                stack.enter_context(locked(folder / name))
            if is_begun(folder):
                _finish(folder)
                _logger.warning("%s: a restore of a backup that was interrupted is finished now", folder)
    except OSError as error:
        raise data_dir.unusable(folder / BEGUN, error) from error


def _finish(folder: Path) -> None:
    """Each step may have been made by somebody who was killed after it."""
    new = folder / BEGUN
    for each in _plan(folder)["places"]:
        place = Place(**each)
        source, old = new / place.name, folder / place.name
        if not place.vacant and not source.exists():
            continue  # it is in its place
        for ending in place.beside:
            beside = old.with_name(old.name + ending)
            if beside.exists():
                beside.rename(folder / f"{place.kept}{ending}") if place.kept else beside.unlink()
        if place.kept and old.exists() and not (folder / place.kept).exists():
            _keep(old, folder / place.kept)
        if place.vacant:
            old.unlink(missing_ok=True)
        else:
            source.replace(old)
    data_dir.sync(folder)
    new.rename(folder / _PREPARED)  # at once no longer in force
    abandon(folder)
    data_dir.sync(folder)


def _plan(folder: Path) -> dict[str, list[Any]]:
    path = folder / BEGUN / _PLAN
    try:
        return json.loads(path.read_bytes())  # type: ignore[no-any-return]
    except ValueError as error:
        raise StoreCorrupt(
            f"{path} cannot be read: a restore was interrupted, and the disk has lost part of it; delete "
            f"{path.parent} and run the restore again"
        ) from error


def _keep(old: Path, kept: Path) -> None:
    """Under both names for a moment, so that a reader always finds a file."""
    try:
        os.link(old, kept)
    except OSError:  # a file system without links
        old.rename(kept)


def _resemble(new: Path, old: Path) -> None:
    """The new file is for whom the old one was, and for nobody else."""
    with suppress(FileNotFoundError, PermissionError):
        found = old.stat()
        if os.geteuid() == 0:
            os.chown(new, found.st_uid, found.st_gid)
        if new.stat().st_gid == found.st_gid:
            new.chmod(stat.S_IMODE(found.st_mode) & 0o660)
