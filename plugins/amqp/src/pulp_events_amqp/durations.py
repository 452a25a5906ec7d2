"""Durations as people write them."""

from __future__ import annotations


def seconds(duration: float) -> str:
    """A duration for a message: what was left of a time limit is 4.99999 s, and people know it as 5 s.

    >>> seconds(4.99999), seconds(0.3), seconds(0.04)
    ('5 s', '0.3 s', '0.04 s')
    """
    return f"{round(duration, 1) or duration:g} s"
