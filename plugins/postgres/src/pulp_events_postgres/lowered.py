"""`Lowered`: the least of what came after a moment, of any number of moments, in little memory."""

from __future__ import annotations

from bisect import bisect_right
from typing import Generic, TypeVar

T = TypeVar("T", int, float)

MOST = 1000
"""Entries that are kept; the older half of more is taken for one, with the least of them."""


class Lowered(Generic[T]):
    """Values by number, of which the least after any number is asked for.

    >>> lowered = Lowered()
    >>> for number, value in ((1, 50), (2, 70), (3, 60), (4, 90)):
    ...     lowered.lower(number, value)
    >>> [lowered.since(number) for number in range(5)]
    [50, 60, 60, 90, None]
    """

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._values: list[T] = []
        """Rising: what a later one is below is of no use."""

    def lower(self, number: int, value: T) -> None:
        """Numbers rise from call to call."""
        while self._values and self._values[-1] >= value:
            self._values.pop()
            self._numbers.pop()
        self._numbers.append(number)
        self._values.append(value)
        if len(self._numbers) > MOST:
            half = MOST // 2
            self._numbers[:half] = [self._numbers[half - 1]]
            self._values[:half] = [self._values[0]]

    def since(self, number: int) -> T | None:
        """The least of all values with a higher number; None without any."""
        at = bisect_right(self._numbers, number)
        return self._values[at] if at < len(self._numbers) else None
