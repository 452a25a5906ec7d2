"""How long each step of a delivery may take. No input or output here."""

from __future__ import annotations

import time

from pulp_events.deadline import Deadline
from pulp_events.fields import format_duration

ANSWER_LIMIT = 600.0
"""Seconds for which the answer to a whole message is waited for (RFC 5321 §4.5.3.2.6). The server has the message, and
may be looking for viruses in it: whoever hangs up sends it once more."""

SLACK = 10.0
"""Seconds that the dispatcher waits longer than we do, before it gives the channel up."""


class Limits(Deadline):
    """The deadline of the step under way: `timeout` for all up to the last dot, ANSWER_LIMIT for the answer to it."""

    __slots__ = ("_timeout", "_end", "_waits")

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._timeout = timeout
        self._end = 0.0
        self._waits = False

    @staticmethod
    def longest(timeout: float) -> float:
        """Seconds that a whole delivery may take."""
        return timeout + ANSWER_LIMIT + SLACK

    def begin(self) -> None:
        """A delivery begins."""
        self._end = time.monotonic() + self._timeout + ANSWER_LIMIT
        self.short()

    def short(self) -> None:
        """What follows is to take no longer than `timeout`."""
        self._waits = False
        self.start(min(self._timeout, self._end - time.monotonic()))

    def await_answer(self) -> None:
        """The last dot is sent."""
        self._waits = True
        self.start(min(ANSWER_LIMIT, self._end - time.monotonic()))

    def exceeded(self) -> str:
        """Which limit is over, in words."""
        if self._waits:
            return f"no answer to the message within {format_duration(ANSWER_LIMIT)}; the server may have accepted it"
        return f"no answer within {format_duration(self._timeout)}"
