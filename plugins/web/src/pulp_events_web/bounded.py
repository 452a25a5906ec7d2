"""A long change within the time that a request may take: the server has few threads."""

from __future__ import annotations

import time
from collections.abc import Iterator


def sum_within(seconds: float, pages: Iterator[int]) -> tuple[int, bool]:
    """The sum of these pages, of as many as can be made in this time, but at least one; and whether there are more."""
    end, count = time.monotonic() + seconds, 0
    for each in pages:
        count += each
        if time.monotonic() >= end:
            return count, True
    return count, False
