"""The lines in which listeners wait for a turn: by how quickly they answer, and whether they need a thread."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Speed(IntEnum):
    """By its last answer."""

    QUICK = 0
    UNTRIED = 1
    SLOW = 2
    SILENT = 3
    """It did not answer within its time limit."""


QUICK, UNTRIED, SLOW, SILENT = Speed

QUICK_ANSWER = 1.5
"""Seconds within which a listener that answers is quick."""


def speed_of(seconds: float, *, timed_out: bool) -> Speed:
    """The speed of a listener whose last attempt took this long, or hit its time limit."""
    if timed_out:
        return SILENT
    return QUICK if seconds < QUICK_ANSWER else SLOW


class Line(NamedTuple):
    """Listeners that are served alike stand in one line."""

    in_loop: bool
    """Their notifier is awaited in an event loop, and takes no thread."""
    speed: Speed


FIRST_TO_LAST = (QUICK, SLOW, UNTRIED, SILENT)
"""Who goes first. Those that answer slowly have a share of their own, and it is soon over; it takes minutes to go
through those that are untried, if thousands of them hang."""

LINES = tuple(Line(in_loop, speed) for in_loop in (False, True) for speed in FIRST_TO_LAST)
