"""`Grace`: how long a bus that closes waits for what is under way."""

from __future__ import annotations

import time

DEFAULT = 5.0
"""Seconds, where nobody says how long."""


class Grace:
    """So many seconds from now, for all that a bus ends one after the other.

    Who names them wants all deliveries under way to be waited for that long. By default, those are not whose endpoint
    is known not to answer.
    """

    def __init__(self, seconds: float | None) -> None:
        self.patient: bool = seconds is not None
        """Whether endpoints are waited for that do not answer."""
        self.until: float = time.monotonic() + (DEFAULT if seconds is None else seconds)
        """When they are over, as monotonic time."""

    @property
    def left(self) -> float:
        """Seconds that are left; 0 once they are over."""
        return max(0.0, self.until - time.monotonic())
