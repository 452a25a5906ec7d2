"""Windows: the spans of time whose deliveries leave together. Pure; both stores go by it.

A window of `seconds` begins at each multiple of them since the epoch, and an event belongs to the one that its time is
in. It ends for good SETTLE seconds later: an event may be stored a little after it has its time.
"""

from __future__ import annotations

import math

SETTLE = 0.5
"""Seconds after a window's end at which its deliveries are claimed."""
MOST_DELIVERIES = 5000
"""Deliveries that are claimed together at the most; what a window has beyond them is claimed next, at once."""
MOST_BYTES = 4 * 1024 * 1024
"""Bytes of their reports, likewise; a single one may have more."""
OUT_OF_ORDER = 60.0
"""Seconds of event time by which an event may be stored after one that is younger, and by which clocks may differ."""


def window_of(time: float, seconds: float) -> int:
    """Number of the window that an event of this time belongs to."""
    return math.floor(time / seconds)


def remaining(time: float, seconds: float, now: float) -> float:
    """Seconds until the window of an event of this time is over; 0 if it is.

    An event from further in the future than clocks differ was emitted before the clock was set back: it waits for
    nothing.
    """
    left = (window_of(time, seconds) + 1) * seconds + SETTLE - now
    return left if 0 < left <= seconds + SETTLE + OUT_OF_ORDER else 0.0
