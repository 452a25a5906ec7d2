"""Paths that somebody names: `~` is a home folder, and what is relative begins at a folder that does not move."""

from __future__ import annotations

import os
from pathlib import Path

from pulp_events.errors import SettingsError

NO_HOME = "~/.local/share/pulp/events"
"""Stands for the default data folder of a user who has no home; it cannot be made absolute."""
NAME_A_DATA_DIR = "name a folder as data_dir in section [events] of server.conf, or in EventBus.open(data_dir=…)"


def home() -> Path:
    """This user's home folder. Raises SettingsError, which does not say what it was wanted for, where there is none."""
    found = os.path.expanduser("~")  # noqa: PTH111  # Path's own raises RuntimeError where there is none
    if not found.startswith("/") or found in ("/", "//"):  # `/` stands in for a home where there is none, in containers
        raise SettingsError(f"this user has no home folder (HOME is {os.environ.get('HOME')!r})")
    return Path(found)


def expand(path: str | Path) -> Path:
    """`path` with the home folder that `~` or `~user` at its beginning stands for.

    Raises SettingsError, which shows nothing of the path, where that stands for none: whoever calls says which option
    or setting it is, and what would be right.
    """
    text = os.fspath(path)
    if "\0" in text:
        raise SettingsError("it is not a valid path: it contains a NUL")
    user, slash, rest = text.partition("/")
    if user == "~":
        return home() / rest
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise SettingsError("it begins with ~ and a name that is not a user of this machine") from None


def absolute(
    path: str | Path, base: Path | None = None, *, place: str = "", remedy: str = "write it out in full"
) -> Path:
    """`path` from the root on; a relative one begins at `base`, else at the folder that the process is in now.

    So a process that changes its folder later goes on using the same files. Raises SettingsError where `~` stands for
    no home folder, or the process is in a folder that was deleted; `place` is the option or setting that it names, and
    `remedy` what it advises.
    """
    what = f"{place} {os.fspath(path)!r}".lstrip() if place or "\0" in os.fspath(path) else os.fspath(path)
    try:
        expanded = expand(path)
        return expanded if expanded.is_absolute() else (base or Path.cwd()) / expanded
    except SettingsError as error:
        raise SettingsError(f"{what}: {error}; {remedy}") from None
    except OSError as error:
        raise SettingsError(
            f"{what}: it is relative, and the working directory of this process no longer exists ({error.strerror}); "
            "use an absolute path"
        ) from error


def is_home_known() -> bool:
    """False where `~` stands for nothing, or for the root of the file system."""
    try:
        home()
    except SettingsError:
        return False
    return True
