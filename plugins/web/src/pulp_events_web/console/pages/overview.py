"""`/console/`: how it goes."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response

from pulp_events.outbox.activity import Activity
from pulp_events.system.clock import from_timestamp
from pulp_events_web.console.chart import chart
from pulp_events_web.context import acting

MOST = 20
"""Failing listeners that are listed."""


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/", "overview", overview)
    blueprint.add_url_rule("", "overview_without_slash", _to_overview, strict_slashes=False)


def _to_overview() -> Response:
    return redirect("/console/", 308)


def overview() -> str:
    """Rates, backlog, what fails, and the last day."""
    bus = acting().reading
    now = from_timestamp(bus.clock.time())
    day = bus.deliveries.stats(now - timedelta(days=1))
    hour = bus.deliveries.stats(now - timedelta(hours=1))
    assert day.activity is not None and hour.activity is not None
    names = {each.id: each for each in bus.listeners.list()}
    failing = sorted(
        ((names[each.listener_id], each) for each in bus.deliveries.health().values()
         if each.failing_since is not None and each.listener_id in names),
        key=lambda pair: pair[1].failures,
        reverse=True,
    )  # fmt: skip
    busiest = sorted(
        ((names[key], found) for key, found in hour.activity.groups.items() if key in names and _attempts(found)),
        key=lambda pair: -_attempts(pair[1]),
    )[:10]
    processes = bus.workers()
    return render_template(
        "console/overview.html",
        stats=day,
        hour=hour.activity.total,
        hour_seconds=max(1.0, hour.activity.span.seconds),
        chart=chart(day.activity.total.series),
        failing=failing[:MOST],
        failing_count=len(failing),
        busiest=busiest,
        disabled=[each for each in names.values() if not each.enabled and each.disabled_reason],
        delivering=[each for each in processes if each.delivers and not each.gone],
        processes=processes,
        listener_count=len(names),
        oldest_age=None if day.oldest_pending is None else (now - day.oldest_pending).total_seconds(),
    )


def _attempts(found: Activity) -> int:
    return found.delivered + found.failed
