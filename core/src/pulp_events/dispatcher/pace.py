"""How many deliveries a lane takes at once, and how many lanes a listener is worth."""

from __future__ import annotations

from dataclasses import dataclass

BATCH_SECONDS = 0.2
"""A batch is to take about this long: little is repeated after a crash, and other listeners get their turn."""
LARGEST_BATCH = 100
SLOW = 0.003
"""Seconds of waiting per delivery from which on another lane pays for its thread."""


@dataclass
class Pace:
    """Learns from each batch. Begins carefully: one delivery, one lane."""

    batch: int = 1
    lanes: int = 1

    def learn(self, deliveries: int, wall: float, cpu: float, most_lanes: int) -> None:
        """A lane made `deliveries` attempts in `wall` seconds, `cpu` of which its thread was computing.

        Lanes are added only while the endpoint is slow: threads that compete for the interpreter deliver less together
        than one alone.
        """
        each = wall / deliveries
        wanted = int(BATCH_SECONDS / each) if each > 0 else LARGEST_BATCH
        self.batch = max(1, min(wanted, self.batch * 4, LARGEST_BATCH))
        waiting = (wall - cpu) / deliveries
        if waiting > SLOW and cpu < wall / 2:
            self.lanes = min(self.lanes + 1, most_lanes)
        else:
            self.lanes = max(1, min(self.lanes - 1, most_lanes))
