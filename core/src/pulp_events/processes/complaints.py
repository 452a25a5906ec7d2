"""Says that something fails: at once, and while it goes on once a minute with how often."""

from __future__ import annotations

import logging

EVERY = 60.0
"""Seconds between two messages about one thing."""


class Complaints:
    """`say` what happened as often as it happens; the log gets it rarely."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._next: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def say(self, now: float, what: str, text: str) -> None:
        """`what` names the thing, `text` is the message of this time; `now`: monotonic seconds."""
        if now < self._next.get(what, now):
            self._unsaid[what] = self._unsaid.get(what, 0) + 1
            return
        self._next[what] = now + EVERY
        more = self._unsaid.pop(what, 0)
        self._logger.error("%s%s", text, f" (and {more} more like it in the last minute)" if more else "")

    def over(self, what: str) -> bool:
        """It works again; True if there was something to say before."""
        self._unsaid.pop(what, None)
        return self._next.pop(what, None) is not None
