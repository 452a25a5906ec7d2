"""`/console/`: how it goes."""

from __future__ import annotations

from datetime import timedelta
from heapq import nlargest

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pulp_events.outbox.activity import Activity, By
from pulp_events.system.clock import from_timestamp
from pulp_events_web.console.chart import chart
from pulp_events_web.context import acting

MOST = 20
"""Failing listeners that are listed, and disabled ones."""
BUSIEST = 10


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/", "overview", overview)
    blueprint.add_url_rule("", "overview_without_slash", _to_overview, strict_slashes=False)


def _to_overview() -> Response:
    return redirect(url_for("console.overview"), 308)


def overview() -> str:
    """Rates, backlog, what fails, and the last day."""
    bus = acting().reading
    now = from_timestamp(bus.clock.time())
    # By event type, of which there are few: a total is asked for, and no figure of each listener.
    day = bus.deliveries.stats(now - timedelta(days=1), by=By.EVENT_TYPE)
    hour = bus.deliveries.stats(now - timedelta(hours=1))
    assert day.activity is not None and hour.activity is not None
    everyone = bus.listeners.list()
    known = {each.id: each for each in everyone}
    failing = [
        each
        for each in bus.deliveries.health().values()
        if each.failing_since is not None and each.listener_id in known
    ]
    busiest = nlargest(
        BUSIEST,
        ((key, found) for key, found in hour.activity.groups.items() if key in known and _attempts(found)),
        key=lambda pair: _attempts(pair[1]),
    )
    disabled = [each for each in everyone if not each.enabled and each.disabled_reason]
    processes = bus.workers()
    return render_template(
        "console/overview.html",
        stats=day,
        hour=hour.activity.total,
        hour_seconds=max(1.0, hour.activity.span.seconds),
        chart=chart(day.activity.total.series),
        failing=[(known[each.listener_id], each) for each in nlargest(MOST, failing, key=lambda each: each.failures)],
        failing_count=len(failing),
        busiest=[(known[key], found) for key, found in busiest],
        disabled=disabled[:MOST],
        disabled_count=len(disabled),
        delivering=[each for each in processes if each.delivers and not each.gone],
        gone=[each for each in processes if each.delivers and each.gone],
        listener_count=len(everyone),
        oldest_age=None if day.oldest_pending is None else (now - day.oldest_pending).total_seconds(),
    )


def _attempts(found: Activity) -> int:
    return found.delivered + found.failed
