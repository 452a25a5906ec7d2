"""What happened lately and what waits, by listener, as `bus.deliveries.stats` counts it; and who delivers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pulp_events.system.clock import from_timestamp
from pulp_events_cli.top.model import Figures, Worker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.activity import Activity


def figures(bus: EventBus, span: float, listener_id: str | None = None) -> tuple[Figures, Mapping[str, Figures]]:
    """Those of all deliveries, and those of each listener that has any; `span`: seconds, `listener_id`: only its."""
    since = from_timestamp(bus.clock.time()) - timedelta(seconds=span)
    found = bus.deliveries.stats(since=since, listener=listener_id).activity
    assert found is not None  # it was asked for
    seconds = found.span.seconds
    return _figures(found.total, seconds), {each: _figures(one, seconds) for each, one in found.groups.items()}


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
