"""`Window`: how many messages to keep in flight on a link. Pure: the time is an argument."""

from __future__ import annotations

SMALLEST = 16
FIRST = 1000
LARGEST = 5000
"""Messages."""

MOST_BYTES = 32 * 1024 * 1024
"""Of encoded messages in flight, unless it is a single one."""

PATIENCE = 0.25
"""Part of the time limit that a message may take to be settled before there are too many in flight."""


class Window:
    """Grows while the broker would take more and settles in good time; shrinks when it takes long.

    A broker may settle half a second after it has received a message and still take thousands a second: then there have
    to be thousands in flight. Another one takes fifty a second, however many it has given credit for: then what is last
    in a long queue would run into its time limit. What tells them apart is how long a message takes to be settled. As
    in TCP (RFC 5681 §3.1), the window doubles in the time of one settlement, and is halved at most once in that time.
    """

    def __init__(self, limit: float) -> None:
        """`limit`: seconds after which a message that is not settled has timed out."""
        self._limit = limit
        self._messages = float(FIRST)
        self._mean = 1024.0  # bytes, of late
        self._halved = float("-inf")

    @property
    def size(self) -> int:
        """Messages that may be in flight."""
        return max(1, min(int(self._messages), int(MOST_BYTES / self._mean)))

    def submitted(self, size: int) -> None:
        """A message of this many bytes was submitted."""
        self._mean += (size - self._mean) / 16

    def settled(self, in_flight: int, waiting: int, submitted_at: float, now: float) -> None:
        """A message that was submitted at `submitted_at` has been settled.

        `in_flight`: how many there were, with it; `waiting`: how many of them could not be sent yet.
        """
        if now - submitted_at > self._limit * PATIENCE:
            if submitted_at > self._halved:  # what was submitted before has to wait for its turn anyhow
                self._halved = now
                self._messages = max(SMALLEST, min(self._messages, in_flight) / 2)
        elif not waiting and in_flight >= self._messages / 2:
            self._messages = min(LARGEST, self._messages + 1)
