"""When a failed delivery is tried again. Pure: the schedule and the dice are arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

AFTER_TIME_OUT = 60.0
"""Seconds that pass at least after a time-out: the receiver may still be at work on the event."""
LONGEST_PAUSE = 86400.0
"""Seconds: what a receiver asks for beyond a day is cut to it."""
SOON = 10.0
"""Seconds within which an attempt is repeated whose listener was changed meanwhile."""
SHORTEST_PAUSE = 1.0
"""Seconds: `Retry-After: 0` with a refusal is no invitation to ask again at once."""


@dataclass(frozen=True)
class Follow:
    """What follows a failed attempt."""

    wait: float | None
    """Seconds until the next one; None: there is none."""
    forgiven: bool = False
    """The failed attempt uses up no step of the schedule."""


def pause(retry_after: float) -> float:
    """Seconds for which a receiver that asked for `retry_after` of them gets nothing."""
    return min(max(retry_after, SHORTEST_PAUSE), LONGEST_PAUSE)


def follow(
    failed: int,
    schedule: Sequence[float],
    jitter: float,
    dice: Callable[[], float],
    *,
    retry_after: float | None = None,
    timed_out: bool = False,
    too_old: bool = False,
) -> Follow:
    """What follows after `failed` attempts that count.

    `schedule[i]` is the wait after attempt i + 1, varied by ± `jitter` (a part of it) with `dice()` in [0, 1).
    `retry_after`: what the receiver asked for; it is waited for and uses up no step, unless the delivery is `too_old`:
    then it only lengthens the step.

    >>> follow(2, [5, 300], 0.2, lambda: 0.5)
    Follow(wait=300.0, forgiven=False)
    >>> follow(3, [5, 300], 0.2, lambda: 0.5)
    Follow(wait=None, forgiven=False)
    >>> follow(3, [5, 300], 0.2, lambda: 0.5, retry_after=30)
    Follow(wait=30, forgiven=True)
    """
    if retry_after is not None and not too_old:
        return Follow(pause(retry_after), forgiven=True)
    if failed > len(schedule):
        return Follow(None)
    wait = schedule[failed - 1] * (1.0 + jitter * (2.0 * dice() - 1.0))
    if timed_out:
        wait = max(wait, AFTER_TIME_OUT)
    if retry_after is not None:
        wait = max(wait, pause(retry_after))
    return Follow(float(wait))


def soon(step: Follow, dice: Callable[[], float], *, timed_out: bool = False) -> Follow:
    """The same where the attempt was made by a configuration that is no more: the next one is made by the new one.

    It counts like any other, so that a program that changes a listener all the time does not have it tried forever.

    >>> soon(Follow(36000.0), lambda: 0.5)
    Follow(wait=5.0, forgiven=False)
    """
    if step.wait is None:
        return step
    return Follow(min(step.wait, AFTER_TIME_OUT if timed_out else SOON * dice()), step.forgiven)
