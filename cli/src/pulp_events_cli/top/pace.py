"""How often the store is asked: seldom enough to disturb nobody."""

from __future__ import annotations

SHARE = 20
"""Asking takes at most one part in so many of the time."""


class Pace:
    """Seconds between an answer and the next question: as wanted, or longer where answers take long.

    >>> pace = Pace(2.0)
    >>> pace.took(9.0); pace.pause
    2.0
    >>> pace.took(0.5); pace.pause
    10.0

    A single slow one, such as the first, for which files are opened, changes nothing.
    """

    def __init__(self, wanted: float) -> None:
        """`wanted`: seconds, at least."""
        self._wanted = wanted
        self._last = self._before = 0.0

    def took(self, seconds: float) -> None:
        """So long it took to get an answer."""
        self._before, self._last = self._last, seconds

    @property
    def pause(self) -> float:
        """Seconds."""
        return max(self._wanted, SHARE * min(self._last, self._before))
