"""`Told`: what was said so far, as it is noted in the outbox together with the events that say it."""

from __future__ import annotations

import json
from typing import Any

NOTE = "about"
"""The key of the note."""


def has_passed(seconds: float, at: float, now: float) -> bool:
    """Whether so much time has passed since something was said. A moment that is ahead is that of a clock which was set
    back since: nothing waits until it is reached again."""
    return not 0 <= now - at < seconds


class Told:
    """Parts by name, each a dictionary of JSON values."""

    def __init__(self, text: str | None = None) -> None:
        """`text`: what was noted; one that cannot be read is as none: it is begun again."""
        self.noted = text
        self._parts: dict[str, dict[str, Any]] = {}
        try:
            found = {} if text is None else json.loads(text)
        except ValueError:
            found = {}
        if isinstance(found, dict):
            self._parts = {name: part for name, part in found.items() if isinstance(part, dict)}

    def part(self, name: str) -> dict[str, Any]:
        """The part of this name, to be changed."""
        return self._parts.setdefault(name, {})

    def has(self, name: str) -> bool:
        """Whether anything was noted in it."""
        return bool(self._parts.get(name))

    def forget(self, *names: str) -> None:
        """Nobody wants to know of these any more: whoever does later begins then."""
        for name in names:
            self._parts.pop(name, None)

    @property
    def changed(self) -> bool:
        """Whether it is to be noted."""
        return self.dump() != ("{}" if self.noted is None else self.noted)

    def dump(self) -> str:
        """The text to note."""
        filled = {name: part for name, part in self._parts.items() if part}
        return json.dumps(filled, separators=(",", ":"), sort_keys=True)
