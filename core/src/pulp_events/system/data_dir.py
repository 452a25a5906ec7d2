"""The data folder: made for its owner alone, refused where it is somebody else's, and left to its owner by root."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from pulp_events.errors import DiskFull, StoreError
from pulp_events.system.remedies import is_full, remedy

_OF_THE_PROCESS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)
"""What another folder would suffer from too."""


def prepare(folder: Path) -> Path:
    """Make the folder (mode 0700) if it is absent; StoreError with a remedy if that cannot be done."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(folder, error) from error
    return folder


def check(folder: Path) -> None:
    """Refuse a folder in which somebody else could replace what we keep there; one that is absent is made later.

    Raises StoreError with its owner and mode. Root may work in anybody's folder, see `leave_to_owner`.
    """
    try:
        found = folder.stat()
    except FileNotFoundError:
        refuse_dangling_link(folder)
        return
    except OSError as error:
        raise unusable(folder, error) from error
    if not stat.S_ISDIR(found.st_mode):
        raise StoreError(f"{folder} is not a folder; name another one as data_dir in section [events] of server.conf")
    mode = stat.S_IMODE(found.st_mode)
    owner = name_of(found.st_uid)
    if mode & stat.S_IWOTH:
        raise StoreError(
            f"{folder} has mode {mode:04o} and belongs to {owner}: anybody can replace its contents; "
            f"chmod 0700 {folder}, or name a folder in it as data_dir in section [events] of server.conf"
        )
    if hasattr(os, "geteuid") and not _is_root() and found.st_uid != os.geteuid():
        raise StoreError(
            f"{folder} belongs to {owner} (mode {mode:04o}), and this process is {name_of(os.geteuid())}; "
            f"run it as {owner}, or name another folder as data_dir in section [events] of server.conf"
        )


def refuse_dangling_link(path: Path) -> None:
    """Raise StoreError where a link leads nowhere: what is made through it would have a place, owner and mode that
    nobody chose."""
    if path.is_symlink() and not path.exists():
        raise StoreError(f"{path} is a link to {path.readlink()}, which does not exist; create it, or remove the link")


def create(path: Path) -> None:
    """Make an empty file of mode 0600 that belongs to the folder's owner; one that is there stays as it is.

    Raises StoreError where it cannot be made.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return refuse_dangling_link(path)
    except OSError as error:
        raise unusable(path, error) from error
    try:
        leave_to_owner(handle, path.parent)
    finally:
        os.close(handle)


def leave_to_owner(handle: int, folder: Path) -> None:
    """Where root makes a file in somebody else's folder, it is theirs: they must be able to use it afterwards."""
    if not _is_root():
        return
    owner = folder.stat()
    if owner.st_uid != 0:
        os.fchown(handle, owner.st_uid, owner.st_gid)


def name_of(uid: int) -> str:
    """Name of a user, or its number where it has none."""
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return f"user {uid}"


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _whose(path: Path) -> str:
    """` (it belongs to root, this process is pulp)` where that may be why; empty otherwise."""
    try:
        owner = (path if path.exists() else path.parent).stat().st_uid
    except OSError:
        return ""
    if not hasattr(os, "geteuid") or owner == os.geteuid() or _is_root():
        return ""
    return f" (it belongs to {name_of(owner)}, this process is {name_of(os.geteuid())})"


def unusable(path: Path, error: OSError) -> StoreError:
    """A StoreError that says which path cannot be used, why, and what to do."""
    elsewhere = ", or name another folder as data_dir in section [events] of server.conf"
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return gone(path.parent)
    kind = DiskFull if is_full(error) else StoreError
    return kind(
        f"{path}: {error.strerror or error}{_whose(path)}; "
        f"{remedy(error)}{elsewhere if error.errno not in _OF_THE_PROCESS else ''}"
    )


def gone(folder: Path) -> StoreError:
    """A StoreError for a folder that has disappeared."""
    return StoreError(
        f"{folder} is gone: it was deleted or moved while in use; put it back, or start with an empty one of mode "
        "0700; nothing was stored"
    )


def sync(folder: Path) -> None:
    """Let what was made, renamed or deleted in the folder be on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
