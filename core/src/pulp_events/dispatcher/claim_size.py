"""How many deliveries of a listener are claimed at once, and how many lanes it is worth."""

from __future__ import annotations

from dataclasses import dataclass

BATCH_SECONDS = 0.2
"""What is claimed at once is to take about this long: little is repeated after a crash, and others get their turn."""
FIRST_BATCH = 4
"""Deliveries that are claimed of a listener before anything is known of it."""
LARGEST_BATCH = 100
LIMITED = 200
"""Deliveries for which a receiver that asked for time gets them one after the other."""
SLOW = 0.003
"""Seconds of waiting per delivery from which on another lane pays for its thread."""


@dataclass
class Pace:
    """Learns from each turn. Begins carefully: a few deliveries, one lane."""

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
