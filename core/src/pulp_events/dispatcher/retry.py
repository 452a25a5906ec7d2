"""When a failed delivery is tried again. Pure: the schedule and the dice are arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

AFTER_TIME_OUT = 60.0
"""Seconds that pass at least after a time-out: the receiver may still be at work on the event."""
LONGEST_RETRY_AFTER = 86400.0
"""Seconds: what a receiver asks for beyond a day is cut to it."""


def wait_before_next(
    failed: int,
    schedule: Sequence[float],
    jitter: float,
    dice: Callable[[], float],
    retry_after: float | None = None,
    timed_out: bool = False,
) -> float | None:
    """Seconds until the next attempt after `failed` ones, or None if the schedule has no step left.

    `schedule[i]` is the wait after attempt i + 1, varied by ± `jitter` (a part of it) with `dice()` in [0, 1).
    `retry_after`, what the receiver asked for, only lengthens the step.

    >>> wait_before_next(2, [5, 300], 0.2, lambda: 0.5)
    300.0
    >>> wait_before_next(1, [5, 300], 0.0, lambda: 0.5, retry_after=30), wait_before_next(3, [5, 300], 0, lambda: 0.5)
    (30.0, None)
    """
    if failed > len(schedule):
        return None
    wait = schedule[failed - 1] * (1.0 + jitter * (2.0 * dice() - 1.0))
    if timed_out:
        wait = max(wait, AFTER_TIME_OUT)
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_RETRY_AFTER))
    return float(wait)
