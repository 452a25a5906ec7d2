"""`Judged`: what an attempt came to, on its way to the outbox."""

from __future__ import annotations

from dataclasses import dataclass

from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.verdict import Verdict
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Delivery


@dataclass(frozen=True, eq=False)
class Judged:
    """What an attempt came to."""

    route: Route
    delivery: Delivery
    verdict: Verdict
    started: float
    """Wall-clock time at which it began."""
    duration: float
    """Seconds."""
    group: str | None = None
    """Names what left together, and is recorded together and by itself."""
    by: Listener | None = None
    """The listener's record when it began."""
