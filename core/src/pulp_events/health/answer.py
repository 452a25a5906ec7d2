"""The answer of `bus.health()`.

Three questions, from the gravest on: does something deliver (`live`), can the stores be read and written (`ready`), and
does all of it go well (`degraded`)?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pulp_events.outbox.presence import Presence
from pulp_events.outbox.states import Word


class Aspect(Word):
    """What can be asked."""

    LIVE = "live"
    """something delivers: the dispatcher of a process turns"""

    READY = "ready"
    """the stores can be read and written"""

    DEGRADED = "degraded"
    """what works, and does not go well"""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong."""

    aspect: Aspect
    code: str
    """A word for programs: `no-process`, `hanging`, `listeners`, `outbox`, `failing`, `disabled`, `overdue`, `backlog`,
    `limits`, `dropped`, `broken`, `no-notifier`, `set-aside`."""
    text: str
    """What is wrong, and what to do; never a secret."""


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """The answer. Of an aspect that was not asked for, or whose store cannot be read, figures are 0 or None."""

    live: bool | None = None
    """Whether a process delivers; None: not asked."""
    ready: bool | None = None
    """Whether both stores can be read and written; None: not asked."""
    degraded: bool | None = None
    """Whether something does not go well; None: not asked."""
    troubles: Sequence[Trouble] = ()
    """All that is wrong, the gravest first."""
    processes: Sequence[Presence] = ()
    """Who is at work on the outbox, and who was until killed."""
    delivering: int = 0
    """Processes that deliver."""
    gone: int = 0
    """Processes that delivered, and ended without saying so, or hang."""
    last_seen: datetime | None = None
    """When one that delivers, or was killed, was last heard; one that ended by itself is forgotten."""
    listeners: int = 0
    failing: int = 0
    """Enabled listeners that had failures and no success for longer than a minute."""
    disabled: int = 0
    """Listeners that were disabled because they failed."""
    pending: int = 0
    dead: int = 0
    oldest_pending: datetime | None = None
    """Time of the oldest event with a pending delivery."""
    overdue: int = 0
    """Deliveries that should have been attempted a minute ago, counted up to 1001."""
    overdue_for: float = 0.0
    """Seconds since the first of them could have been."""

    @property
    def status(self) -> str:
        """`failing` (not live, or not ready), `degraded` or `ok`."""
        if self.live is False or self.ready is False:
            return "failing"
        return "degraded" if self.degraded else "ok"


ALL = frozenset(Aspect)
