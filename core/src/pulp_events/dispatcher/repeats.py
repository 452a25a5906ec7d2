"""Logs what many have in common once, and how many more there were: 500 refusals for one mistake are one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from pulp_events.system.clock import Clock

SUMMARY = 10.0
"""Seconds after which it is said how many more there were."""
MANY = 1000
"""Different things that are remembered."""


class Repeats:
    """`say(key, log)` calls `log(0)` for the first of a key; for others later, once, with how many more there were."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[Hashable, tuple[float, int, Callable[[int], None]]] = {}

    def say(self, key: Hashable, log: Callable[[int], None]) -> None:
        """One more of this kind."""
        now = self._clock.monotonic()
        with self._lock:
            since, more, _ = self._known.get(key, (now, -1, log))
            self._known[key] = (since, more + 1, log)
        if more < 0:
            log(0)
        self.sum_up()

    def sum_up(self, *, all: bool = False) -> None:
        """Say how many more there were of what began some seconds ago, or of `all`."""
        now = self._clock.monotonic()
        with self._lock:
            over = [
                (key, more, log)
                for key, (since, more, log) in self._known.items()
                if all or now - since >= SUMMARY or len(self._known) > MANY
            ]
            for key, *_ in over:
                del self._known[key]
        for _, more, log in over:
            if more:
                log(more)


def more_like_it(more: int) -> str:
    """What the message of the last of them ends with.

    >>> more_like_it(0), more_like_it(499)
    ('', ' (and 499 more like it)')
    """
    return f" (and {more} more like it)" if more else ""
