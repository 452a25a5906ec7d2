"""Files of plugins in the data folder, which a backup has beside those of core."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}\.(json|key|db|txt)")
_OF_CORE = ("event-types.", "listeners.", "outbox.")


def is_data_file(name: str) -> bool:
    """True for a name that a plugin's file may have: it leads nowhere else, and is none of core's."""
    return _NAME.fullmatch(name) is not None and not name.startswith(_OF_CORE)


def lock_of(name: str) -> str:
    """The lock that whoever changes the file holds."""
    return f"{name.rpartition('.')[0]}.lock"
