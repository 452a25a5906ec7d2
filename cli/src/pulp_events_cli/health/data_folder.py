"""The data folder: is it there, whose is it, who else can read it, is there room?"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pulp_events.errors import EventsError
from pulp_events.outbox.sqlite import aside
from pulp_events.outbox.sqlite.sqlite_outbox import FILE_NAME
from pulp_events.system import data_dir, replacement
from pulp_events.system.data_dir import name_of
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding

WHAT = "data folder"
LITTLE = 1 << 30
"""Bytes free below which it is noted; below a tenth of it, it is a problem."""

_CHANGED_IN_PLACE = (".lock", ".history")
"""Files that commands open for each change, and no check of the stores does."""


def check(folder: Path) -> Iterator[Finding]:
    """Findings on the folder and the files in it."""
    if folder.is_symlink() and not folder.exists():
        yield Finding(
            PROBLEM, WHAT, f"{folder} is a link to {folder.readlink()}, which does not exist; create that folder"
        )
        return
    try:
        found = folder.stat()
    except FileNotFoundError:
        yield _absent(folder)
        return
    except OSError as error:
        yield Finding(PROBLEM, WHAT, f"{folder}: {error.strerror}; set another data_dir in [events]")
        return
    if not folder.is_dir():
        yield Finding(PROBLEM, WHAT, f"{folder} is not a folder; set another data_dir in [events]")
        return
    if folder == folder.parent:  # whose mode and files are for everybody
        yield Finding(
            PROBLEM, WHAT, f"{folder} holds the whole system; name a folder of its own as data_dir in [events]"
        )
        return
    mode, owner = stat.S_IMODE(found.st_mode), name_of(found.st_uid)
    try:
        data_dir.check(folder)
    except EventsError as error:
        yield Finding(PROBLEM, WHAT, str(error))
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(PROBLEM, WHAT, f"{folder} (mode {mode:04o}, of {owner}) is not writable; chmod 0700 {folder}")
        return
    if mode & 0o077:
        yield Finding(PROBLEM, WHAT, f"{folder} has mode {mode:04o}, so others can access secrets; chmod 0700 {folder}")
    else:
        of = "" if found.st_uid == os.geteuid() else f", of {owner}"
        yield Finding(OK, WHAT, f"{folder}, mode {mode:04o}{of}")
    if replacement.is_begun(folder):
        text = "restoring a backup was interrupted; the next command or worker that uses the folder finishes it"
        yield Finding(NOTE, WHAT, text)
    yield from _files(folder, found.st_uid)
    yield from _set_aside(folder / FILE_NAME)
    yield from _room(folder)


def _absent(folder: Path) -> Finding:
    parent = next((each for each in folder.parents if each.exists()), folder)
    if os.access(parent, os.W_OK | os.X_OK):
        try:
            Path(tempfile.mkdtemp(prefix=".pulp-events-check-", dir=parent)).rmdir()  # not all tell, such as /proc
        except OSError as error:
            text = f"{folder} does not exist and cannot be made in {parent}: {error.strerror}"
            return Finding(PROBLEM, WHAT, f"{text}; set another data_dir in [events]")
        return Finding(NOTE, WHAT, f"{folder} will be created with the first listener")
    return Finding(
        PROBLEM,
        WHAT,
        f"{folder} does not exist and {parent} is not writable; create the folder, or set another data_dir in [events]",
    )


def _files(folder: Path, owner: int) -> Iterator[Finding]:
    for path in sorted(folder.iterdir()):
        try:
            found = path.lstat()
        except OSError:
            continue  # it went meanwhile, as the files beside a database do
        if path.suffix in _CHANGED_IN_PLACE and not path.is_file():
            text = f"{path} is {'a folder' if path.is_dir() else 'no file'}, so nothing can be changed; move it away"
            yield Finding(PROBLEM, WHAT, text)
        if not stat.S_ISREG(found.st_mode):
            continue
        if found.st_mode & 0o077:
            mode = stat.S_IMODE(found.st_mode)
            yield Finding(PROBLEM, WHAT, f"{path} has mode {mode:04o}, so others can access it; chmod 0600 {path}")
        if found.st_uid != owner:
            whose = f"{path} belongs to {name_of(found.st_uid)}, its folder to {name_of(owner)}"
            yield Finding(PROBLEM, WHAT, f"{whose}; chown {name_of(owner)} {path}")
        elif not os.access(path, os.R_OK | os.W_OK):
            yield Finding(PROBLEM, WHAT, f"{path} cannot be read and written by its owner; chmod 0600 {path}")


def _set_aside(outbox: Path) -> Iterator[Finding]:
    """A problem until somebody has dealt with it: what is pending there is not delivered."""
    lost = aside.unrecovered(outbox)
    for path in lost:
        yield Finding(PROBLEM, WHAT, aside.text(path))
    done = [path.name for path in aside.kept(outbox) if path not in lost]
    if done:
        yield Finding(NOTE, WHAT, f"set aside, and recovered: {', '.join(done)}; delete when no longer needed")


def _room(folder: Path) -> Iterator[Finding]:
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if free < LITTLE:
        state = PROBLEM if free < LITTLE // 10 else NOTE
        yield Finding(
            state,
            WHAT,
            f"{free >> 20} MiB are free on its disk; free some space, or shorten keep_delivered in [delivery]",
        )
