"""What to do about an error of the operating system: another thing for each."""

from __future__ import annotations

import errno

_REMEDIES: dict[int, str] = {
    errno.ENOSPC: "make room on its disk, and retry",
    errno.EDQUOT: "the quota of this process's user is used up: delete what it does not need, or have the quota raised",
    errno.EMFILE: "this process has as many files open as it may: raise its limit (LimitNOFILE= of its unit, "
    "`ulimit -n`), or look for what it does not close",
    errno.ENFILE: "the system has as many files open as it may: raise fs.file-max, or end what opens so many",
    errno.ENOMEM: "free memory, or give the machine more",
    errno.EROFS: "its file system is read-only: mount it writable, or where a systemd unit makes it so, add the folder "
    "to ReadWritePaths=",
    errno.ENOTDIR: "a part of this path is a file: move it away",
    errno.EEXIST: "something else has this name: move it away",
    errno.EISDIR: "it is a folder: move it away, or name another file",
    errno.EIO: "the disk or its connection fails: see the kernel's log, and restore from a backup what is lost",
    errno.ENAMETOOLONG: "name a shorter path",
    errno.ELOOP: "symbolic links lead in a circle: correct them",
    errno.ENOLCK: "its file system cannot lock, as NFS without its lock service: name a folder on a local disk",
    errno.ESTALE: "the network file system went away under it: mount it again",
    errno.EFBIG: "it is as large as this process or file system allows: raise the limit (LimitFSIZE=, `ulimit -f`)",
    errno.EBUSY: "something else uses it: end that, and retry",
    errno.EAGAIN: "the system has no room for it now: retry later",
}
_NO_RIGHT = (errno.EACCES, errno.EPERM)


def remedy(error: OSError, doing: str = "write") -> str:
    """What to do so that this process can `doing` (`read`, `write`) the path that the error is about."""
    number = error.errno or 0
    if number in _NO_RIGHT:
        return f"give the user of this process the right to {doing} there"
    if number == errno.ENOENT:
        return "make the folder that is missing" if doing == "write" else "name one that exists"
    return _REMEDIES.get(number, f"see that this process can {doing} there")
