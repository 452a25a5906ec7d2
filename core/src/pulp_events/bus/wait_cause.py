"""What a pending delivery may wait for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class WaitCause(StrEnum):
    """What a pending delivery waits for."""

    ATTEMPT = "attempt"
    """for the result of its attempt, which is under way, or for the end of its lease where its process is gone"""
    EXPIRED = "expired"
    """to be declared dead: it has expired"""
    LISTENER = "listener"
    """for its listener's record, without which it will be dead: the listener is gone, or its record is broken"""
    DISABLED = "disabled"
    """for its listener to be enabled"""
    MUTE = "mute"
    """for the end of its listener's mute"""
    RETRY = "retry"
    """for its next attempt, by the retry schedule"""
    CIRCUIT = "circuit"
    """for the next attempt of an endpoint at which several failed one after the other"""
    PAUSE = "pause"
    """for the end of the pause that its receiver asked for"""
    SECRET = "secret"
    """for another try to read a secret, which the process that delivers could not read"""
    WINDOW = "window"
    """for others that leave with it"""
    ORDER = "order"
    """for an older delivery, as its listener's are made one after the other"""
    RATE = "rate"
    """for its turn, as its listener has a rate"""
    NOTIFIER = "notifier"
    """for a process that has its notifier"""
    WORKER = "worker"
    """for a worker: nothing stands in its way"""


_AT_ONCE = frozenset([WaitCause.WORKER, WaitCause.RATE, WaitCause.CIRCUIT])
"""Causes for which it may be attempted at any moment where no time is told."""


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """What a pending delivery waits for."""

    cause: WaitCause
    reason: str
    """In words, such as `attempt 3 of 8 failed`."""
    until: datetime | None = None
    """It is not attempted before; what is not known yet may make it later. None: at once if `at_once`, else nobody
    knows."""
    behind: str | None = None
    """Id of the delivery that comes first, where it waits for one."""

    @property
    def at_once(self) -> bool:
        """True if it may be attempted at any moment."""
        return self.until is None and self.cause in _AT_ONCE

    @property
    def lasts(self) -> tuple[int, float]:
        """To be compared: what ends later is greater, and what nobody knows the end of is greatest."""
        if self.until is not None:
            return 1, self.until.timestamp()
        return (0 if self.at_once or self.cause is WaitCause.ORDER else 2), 0.0  # what comes first is about to go
