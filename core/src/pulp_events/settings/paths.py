"""Paths that somebody names: `~` is the home folder, and what is relative begins at a folder that does not move."""

from __future__ import annotations

import os
from pathlib import Path

from pulp_events.errors import SettingsError

NO_HOME = "~/.local/share/pulp/events"
"""Stands for the default data folder of a user who has no home; it cannot be made absolute."""


def absolute(path: str | Path, base: Path | None = None) -> Path:
    """`path` from the root on; a relative one begins at `base`, else at the folder that the process is in now.

    So a process that changes its folder later goes on using the same files. Raises SettingsError where the user has
    no home folder to stand for `~`, or the process is in a folder that was deleted.
    """
    text = os.fspath(path)
    if "\0" in text:
        raise SettingsError(f"{text!r} is no path: it has a NUL in it")
    if text == "~" or text.startswith("~/"):
        home = os.path.expanduser("~")  # noqa: PTH111  # Path's own raises RuntimeError where there is none
        if not home.startswith("/") or home in (
            "/",
            "//",
        ):  # `/` stands in for a home where there is none, as in containers
            raise SettingsError(
                f"{text}: this user has no home folder (HOME is {os.environ.get('HOME')!r}); name a folder as data_dir "
                "in section [events] of server.conf, or in EventBus.open(data_dir=…)"
            )
    try:
        expanded = Path(text).expanduser()
        return expanded if expanded.is_absolute() else (base or Path.cwd()) / expanded
    except RuntimeError as error:  # ~somebody
        raise SettingsError(f"{text}: {error}; write the path out") from None
    except OSError as error:
        raise SettingsError(
            f"{text}: it is relative, and the folder that this process is in is gone ({error.strerror}); write it out"
        ) from error


def is_home_known() -> bool:
    """False where `~` stands for nothing, or for the root of the file system."""
    home = os.path.expanduser("~")  # noqa: PTH111
    return home.startswith("/") and home not in ("/", "//")
