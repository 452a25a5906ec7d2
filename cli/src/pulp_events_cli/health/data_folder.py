"""The data folder: is it there, whose is it, who else can read it, is there room?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding

WHAT = "data folder"
LITTLE = 1 << 30
"""Bytes free below which it is noted; below a tenth of it, it is a problem."""


def check(folder: Path) -> Iterator[Finding]:
    """Findings on the folder and the files in it."""
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except FileNotFoundError:
        yield _absent(folder)
        return
    except OSError as error:
        yield Finding(PROBLEM, WHAT, f"{folder}: {error.strerror}; set another data_dir in [events]")
        return
    if not folder.is_dir():
        yield Finding(PROBLEM, WHAT, f"{folder} is no folder; set another data_dir in [events]")
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(PROBLEM, WHAT, f"{folder} cannot be written by this user; chown it to this user")
        return
    if mode & 0o077:
        yield Finding(PROBLEM, WHAT, f"{folder} has mode {mode:04o}, others can get at secrets; chmod 0700 {folder}")
    else:
        yield Finding(OK, WHAT, f"{folder}, mode {mode:04o}")
    yield from _files(folder)
    yield from _room(folder)


def _absent(folder: Path) -> Finding:
    parent = next((each for each in folder.parents if each.exists()), folder)
    if os.access(parent, os.W_OK | os.X_OK):
        return Finding(NOTE, WHAT, f"{folder} will be made with the first listener")
    return Finding(
        PROBLEM,
        WHAT,
        f"{folder} is absent and {parent} cannot be written; make it, or set another data_dir in [events]",
    )


def _files(folder: Path) -> Iterator[Finding]:
    aside = []
    for path in sorted(folder.iterdir()):
        try:
            found = path.lstat()
        except OSError:
            continue  # it went meanwhile, as the files beside a database do
        if not stat.S_ISREG(found.st_mode):
            continue
        if found.st_mode & 0o077:
            mode = stat.S_IMODE(found.st_mode)
            yield Finding(PROBLEM, WHAT, f"{path} has mode {mode:04o}, others can get at it; chmod 0600 {path}")
        if not os.access(path, os.R_OK | os.W_OK):
            yield Finding(PROBLEM, WHAT, f"{path} cannot be written by this user; chown it to this user")
        if ".corrupt-" in path.name and not path.name.endswith(("-wal", "-shm")):
            aside.append(path.name)
    if aside:
        yield Finding(
            NOTE, WHAT, f"damaged outboxes were set aside: {', '.join(aside)}; recover what you need, delete them"
        )


def _room(folder: Path) -> Iterator[Finding]:
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if free < LITTLE:
        state = PROBLEM if free < LITTLE // 10 else NOTE
        yield Finding(
            state, WHAT, f"{free >> 20} MiB are free on its disk; make room, or shorten keep_delivered in [delivery]"
        )
