"""Three time limits of a request in one deadline: connecting, silence, and the whole."""

from __future__ import annotations

import math
import time

from pulp_events.deadline import Deadline
from pulp_events.fields import format_duration


class TimeLimits(Deadline):
    """`total`: seconds for the whole request; `connect`: for connecting, proxy and TLS included; `read`: for which the
    receiver may be silent."""

    __slots__ = ("total", "connect", "read", "_connected_by", "_silence")

    def __init__(self, total: float, connect: float, read: float) -> None:
        super().__init__()
        self.total, self.connect, self.read = total, min(connect, total), min(read, total)
        self._connected_by = math.inf
        self._silence = self.read

    def begin(self) -> None:
        """A request begins."""
        self.start(self.total)
        self._connected_by = math.inf

    def connecting(self) -> None:
        """A connection is being made."""
        self._connected_by = time.monotonic() + self.connect
        self._silence = math.inf

    def connected(self) -> None:
        """It is made."""
        self._connected_by = math.inf
        self._silence = self.read

    def left(self) -> float:
        """Seconds that the next step may take. Raises TimeoutError when there are none."""
        left = self._at - time.monotonic()
        if self._connected_by < math.inf:
            left = min(left, self._connected_by - time.monotonic())
        if left <= 0:
            raise TimeoutError("the time limit was exceeded")
        return min(left, self._silence)

    def exceeded(self) -> str:
        """Which of them is over, in words."""
        if self._connected_by < math.inf and self._at - time.monotonic() > 0:
            return f"no connection within {format_duration(self.connect)}"
        if self.read < self.total and self._at - time.monotonic() > 0:
            return f"silent for {format_duration(self.read)}"
        return f"no answer within {format_duration(self.total)}"

    @property
    def over(self) -> bool:
        """True once the moment has passed by which the request, or its connection, is to be done."""
        return time.monotonic() >= min(self._at, self._connected_by)
