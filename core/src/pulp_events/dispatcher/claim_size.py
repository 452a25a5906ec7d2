"""How many deliveries of a listener one claim takes, and over how many lanes they are sent."""

from __future__ import annotations

from dataclasses import dataclass

BATCH_SECONDS = 0.2
"""How long a claim should take to send, in seconds: little is repeated after a crash, and others get their turn."""
FIRST_BATCH = 4
"""Size of the first claim, before anything is known about the listener."""
LARGEST_BATCH = 100
LIMITED = 200
"""Number of deliveries that are sent one at a time after a receiver asked for time."""
SLOW = 0.003
"""Seconds of waiting per delivery above which another lane is worth a thread."""


@dataclass
class ClaimSize:
    """Adapts after each turn. Starts small: a few deliveries, one lane."""

    batch: int = FIRST_BATCH
    lanes: int = 1
    _limited: int = 0

    @property
    def is_limited(self) -> bool:
        """True while another lane would only be refused."""
        return self._limited > 0

    def limit(self) -> None:
        """The receiver asked for time: it limits how much it takes."""
        self._limited, self.lanes, self.batch = LIMITED, 1, FIRST_BATCH

    def learn(self, deliveries: int, wall: float, cpu: float, most_lanes: int) -> None:
        """A turn made `deliveries` attempts in `wall` seconds, `cpu` of which its thread was computing.

        Lanes are added only while the endpoint is slow: threads that compete for the interpreter deliver less together
        than one alone.
        """
        each = wall / deliveries
        wanted = int(BATCH_SECONDS / each) if each > 0 else LARGEST_BATCH
        self.batch = max(1, min(wanted, self.batch * 4, LARGEST_BATCH))
        self._limited = max(0, self._limited - deliveries)
        if self._limited:
            return
        waiting = (wall - cpu) / deliveries
        if waiting > SLOW and cpu < wall / 2:
            self.lanes = min(self.lanes + 1, most_lanes)
        else:
            self.lanes = max(1, min(self.lanes - 1, most_lanes))
