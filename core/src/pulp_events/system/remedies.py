"""What to do about an error of the operating system: another thing for each."""

from __future__ import annotations

import errno

_REMEDIES: dict[int, str] = {
    errno.ENOSPC: "free some space on its disk and retry",
    errno.EDQUOT: "the disk quota of this process's user is used up: delete files, or have the quota raised",
    errno.EMFILE: "this process has reached its limit of open files: raise the limit (LimitNOFILE= in its "
    "unit, `ulimit -n`), or find out what it leaves open",
    errno.ENFILE: "the system has reached its limit of open files: raise fs.file-max, or stop whatever opens so many",
    errno.ENOMEM: "free memory, or give the machine more",
    errno.EROFS: "its file system is read-only: mount it writable, or if a systemd unit makes it read-only, add the "
    "folder to ReadWritePaths=",
    errno.ENOTDIR: "a part of this path is a file: move it away",
    errno.EEXIST: "something else has this name: move it away",
    errno.EISDIR: "it is a folder: move it away, or name another file",
    errno.EIO: "the disk or its connection is failing: see the kernel log, and restore lost data from a backup",
    errno.ENAMETOOLONG: "name a shorter path",
    errno.ELOOP: "its symbolic links form a loop: fix them",
    errno.ENOLCK: "its file system does not support locks, like NFS without its lock service: name a folder on a "
    "local disk",
    errno.ESTALE: "its network file system went away: mount it again",
    errno.EFBIG: "it has reached the largest size that this process or file system allows: raise the limit "
    "(LimitFSIZE=, `ulimit -f`)",
    errno.EBUSY: "it is in use: stop whatever uses it, and retry",
    errno.EAGAIN: "the system has no room for it at the moment: retry later",
}
_NO_RIGHT = (errno.EACCES, errno.EPERM)


def is_full(error: OSError) -> bool:
    """True if there is no room on the disk."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def remedy(error: OSError, doing: str = "write") -> str:
    """What to do so that this process can `doing` (`read`, `write`) the path that the error is about."""
    number = error.errno or 0
    if number in _NO_RIGHT:
        return f"give the user of this process the right to {doing} there"
    if number == errno.ENOENT:
        return "create the missing folder" if doing == "write" else "name an existing one"
    return _REMEDIES.get(number, f"make sure that this process can {doing} there")
