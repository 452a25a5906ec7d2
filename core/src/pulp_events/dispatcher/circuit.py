"""Stops hammering an endpoint that is down. Pure: the time is an argument."""

from __future__ import annotations

from dataclasses import dataclass

THRESHOLD = 5
"""Transient failures in a row that open the circuit."""
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
"""Seconds between probes: doubled after each that failed, up to the longest."""


@dataclass
class Circuit:
    """Closed: deliveries flow. Open: none until `opens_until`, then one, the probe, that decides."""

    failures: int = 0
    opens_until: float = 0.0

    @property
    def is_open(self) -> bool:
        """True from THRESHOLD failures in a row until the first success."""
        return self.failures >= THRESHOLD

    def wait(self, now: float) -> float:
        """Seconds until a delivery may be attempted."""
        return max(0.0, self.opens_until - now) if self.is_open else 0.0

    def half_open(self) -> None:
        """Somebody wants to know now whether the endpoint answers: the probe is due."""
        self.opens_until = 0.0

    def succeeded(self) -> None:
        """The endpoint answered, be it to refuse the event."""
        self.failures = 0

    def failed(self, now: float) -> None:
        """The endpoint did not answer, or asked for another attempt.

        While the circuit is open and no probe is due, this is about what was under way when it opened (the rest of a
        batch whose connection broke, say), which tells nothing new: only the probe may double the pause.
        """
        if self.wait(now) > 0:
            return
        self.failures += 1
        if self.is_open:
            doublings = min(self.failures - THRESHOLD, 10)
            self.opens_until = now + min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)
