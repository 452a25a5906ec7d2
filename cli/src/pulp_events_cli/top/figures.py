"""What happened lately and what waits, by listener, as `bus.deliveries.stats` counts it; and who delivers."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from pulp_events.system.clock import from_timestamp
from pulp_events_cli.top.model import Figures, Worker
from pulp_events_cli.top.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.activity import Activity


class Counts:
    """Figures of all deliveries and of each listener, counted again no more often than that is cheap.

    What a listener's record and health say is read each time; to count what happened to ten thousand listeners takes
    longer, and counts that are some seconds old do no harm.
    """

    def __init__(self, bus: EventBus, span: float, every: float = 0.0) -> None:
        """`span`: seconds in which things are counted; `every`: seconds between two counts, at least."""
        self._bus = bus
        self._span = span
        self._pace = Pace(every)
        self._due = 0.0
        self.spent = 0.0
        """Seconds that all counts together took."""
        self._of: str | None = None
        self._counted: tuple[Figures, Mapping[str, Figures]] = Figures(span=span), {}

    @property
    def every(self) -> float:
        """Seconds between two counts."""
        return self._pace.pause

    def now(self, listener_id: str | None = None) -> tuple[Figures, Mapping[str, Figures]]:
        """Of all, and by listener id of each that has any; `listener_id`: only of this one."""
        began = time.monotonic()
        if began < self._due and listener_id == self._of:
            return self._counted
        since = from_timestamp(self._bus.clock.time()) - timedelta(seconds=self._span)
        found = self._bus.deliveries.stats(since=since, listener=listener_id).activity
        assert found is not None  # it was asked for
        seconds = found.span.seconds
        self._of = listener_id
        self._counted = (
            _figures(found.total, seconds),
            {each: _figures(one, seconds) for each, one in found.groups.items()},
        )
        took = time.monotonic() - began
        self._pace.took(took)
        self.spent += took
        self._due = time.monotonic() + self._pace.pause
        return self._counted

    def forget(self) -> None:
        """Something was changed: count again the next time."""
        self._due = 0.0


def workers(bus: EventBus) -> Sequence[Worker]:
    """The processes that make deliveries, or did until they were gone."""
    return [
        Worker(f"{each.host}:{each.pid}", each.silent, each.gone, each.in_flight)
        for each in bus.workers()
        if each.delivers
    ]


def _figures(activity: Activity, seconds: float) -> Figures:
    return Figures(
        pending=activity.pending,
        in_flight=activity.under_way,
        oldest=activity.oldest_pending,
        delivered=activity.delivered,
        failed=activity.failed,
        dead=activity.dead,
        span=seconds,
        p50=activity.delay.quantile(0.5),
        p95=activity.delay.quantile(0.95),
        series=tuple(point.delivered + point.failed for point in activity.series),
    )
