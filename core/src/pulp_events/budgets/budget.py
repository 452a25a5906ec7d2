"""What an administrator's filter or template may cost: each use has a limited number of steps, and fails beyond it.

A short text can ask for a very long time, or for more memory than there is: `[@, @] | [@, @] | …` doubles each time.
Time limits cannot help, as Python ends no thread; so the steps are counted where they are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STEPS = 50_000
"""Of one use: some hundredths of a second."""
UNITS = 4
"""A step for so many values, or characters of a text by the dozen, that something new is made of."""
_CHARACTERS = 64
_SCALARS = frozenset([int, float, bool, type(None)])


class OverBudget(ValueError):
    """It costs more than one use may."""


class Budget:
    """Counts down. Values are measured with everything in them, each as often as it is in there."""

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps
        self._steps = steps
        self._sizes: dict[int, tuple[int, Any]] = {}  # the value too: while it lives, nothing else has its id

    def spend(self, steps: int = 1) -> None:
        """Count steps; raises OverBudget when there are none left."""
        self._left -= steps
        if self._left < 0:
            raise OverBudget(f"it costs too much: more than {self._steps} steps, or values too large; simplify it")

    def made(self, value: Any) -> None:
        """Count what a value that was just made takes."""
        self.spend(1 + self.size(value) // UNITS)

    def size(self, value: Any) -> int:
        """How many values there are in it. What was made of measured values is measured without looking into these."""
        kind = type(value)
        if kind in _SCALARS:
            return 1
        if kind is str:
            return 1 + len(value) // _CHARACTERS
        if isinstance(value, Mapping):
            items: Any = value.values()
        elif isinstance(value, list | tuple | set | frozenset):
            items = value
        elif isinstance(value, range):
            return 1 + len(value)
        elif isinstance(value, str | bytes):
            return 1 + len(value) // _CHARACTERS
        else:
            return 1
        known = self._sizes.get(id(value))
        if known is not None:
            return known[0]
        found = 1 + sum(map(self.size, items))
        self._sizes[id(value)] = (found, value)
        return found
