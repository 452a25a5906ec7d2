"""Stops hammering an endpoint that is down. Pure: the time is an argument.

What fails may be the endpoint's fault or the event's: one that the receiver chokes on fails each time, however well the
endpoint is. A first attempt tells of the endpoint. A retry is of an event that failed before: while first attempts
succeed, it tells little.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

THRESHOLD = 5
"""Transient failures in a row that open the circuit."""
RETRY_COUNTS = 0.25
"""What the failure of a retry counts while first attempts succeed."""
RECENT = 300.0
"""Seconds after a success for which the endpoint is taken to be well, unless THRESHOLD first attempts in a row fail."""
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
"""Seconds between probes: doubled after each that failed, up to the longest."""


@dataclass
class Circuit:
    """Closed: deliveries flow. Open: none until `opens_until`, then one, the probe, that decides."""

    failures: float = 0
    opens_until: float = 0.0
    pause: float = FIRST_PAUSE
    retry_next: bool = False
    """Whether a retry is the next probe, if there is one: after a first attempt that failed. Either kind may be what
    always fails, so they take turns."""
    firsts: int = 0
    """First attempts that failed in a row."""
    answered: float = -math.inf
    """When there was a success."""

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

    def succeeded(self, now: float) -> None:
        """The endpoint answered, be it to refuse the event."""
        self.failures = self.firsts = 0
        self.answered = now

    def trip(self, now: float) -> None:
        """One failure is enough, unless there was an answer lately: whoever waits for each attempt is not to wait for
        this endpoint THRESHOLD times."""
        if not self.is_open and now - self.answered >= RECENT:
            self.failures, self.pause, self.retry_next = THRESHOLD, FIRST_PAUSE, False
            self.opens_until = now + self.pause

    def failed(self, now: float, *, again: bool = False) -> None:
        """The endpoint did not answer, or asked for another attempt. `again`: of what it had failed before.

        While the circuit is open and no probe is due, this is about what was under way when it opened (the rest of a
        batch whose connection broke, say), which tells nothing new: only the probe may double the pause.
        """
        if self.wait(now) > 0:
            return
        tells_little = again and self.firsts < THRESHOLD and now - self.answered < RECENT
        self.firsts += not again
        if not self.is_open:
            self.failures += RETRY_COUNTS if tells_little else 1
            self.pause, self.retry_next = FIRST_PAUSE, False
        else:
            self.retry_next = not again
            if not tells_little:
                self.pause = min(2 * self.pause, LONGEST_PAUSE)
        if self.is_open:
            self.opens_until = now + self.pause
