"""Who runs this process, in words: for the history of what was changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import PurePath

from pulp_events.system import data_dir

DISPATCHER = "dispatcher"
"""Who disables a listener whose endpoint is gone: the framework itself. Nobody else goes by this name."""


def user(environment: Mapping[str, str]) -> str:
    """The user of this process; with `sudo` also who asked for that: `root (sudo by alice)`."""
    name = data_dir.name_of(os.geteuid()) if hasattr(os, "geteuid") else environment.get("USERNAME", "unknown user")
    other = environment.get("SUDO_USER", "")
    return (
        f"{name} (sudo by {other})" if other != name and 0 < len(other) < 100 and other.isprintable() else apart(name)
    )


def apart(name: str) -> str:
    """The name of a user, told from that of the dispatcher."""
    return f"user {name}" if is_reserved(name) else name


def is_reserved(name: str) -> bool:
    """True if it reads as that of the dispatcher."""
    return name.strip().casefold() == DISPATCHER


def program(arguments: list[str]) -> str:
    """What this process runs: `app.py`; of a package that is run, its name."""
    path = PurePath(arguments[0]) if arguments and arguments[0] not in ("", "-c", "-m") else PurePath("python")
    return path.parent.name if path.name == "__main__.py" else path.name


def user_and_program() -> str:
    """Both: `pulp, app.py`."""
    return f"{user(os.environ)}, {program(sys.argv)}"
