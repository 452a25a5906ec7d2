"""Since when a call is waited for: one that waited for a free thread has that much less time left."""

from __future__ import annotations

import time
from contextvars import ContextVar

_asked: ContextVar[float | None] = ContextVar("pulp_events_asked", default=None)


def asked_now() -> None:
    """What this context calls is waited for from now on."""
    _asked.set(time.monotonic())


def left_of(limit: float) -> float:
    """How many of these seconds are left to the call under way, 0 if none."""
    asked = _asked.get()
    return limit if asked is None else max(0.0, limit - (time.monotonic() - asked))
