"""`/console/`: how it goes."""

from __future__ import annotations

from datetime import timedelta
from heapq import nlargest

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pulp_events.outbox.activity import By
from pulp_events.outbox.states import Outcome
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
    since = now - timedelta(hours=1)
    attempts = bus.deliveries.attempts_since(since)
    everyone = bus.listeners.list()
    known = {each.id: each for each in everyone}
    failing = [
        each
        for each in bus.deliveries.health().values()
        if each.failing_since is not None and each.listener_id in known
    ]
    made = {key: sum(found.values()) for key, found in attempts.items()}
    busiest = nlargest(BUSIEST, (key for key in made if key in known), key=made.__getitem__)
    hour = bus.deliveries.stats(since, listener=busiest).activity
    assert day.activity is not None and hour is not None
    delivered = sum(found.get(Outcome.DELIVERED, 0) for found in attempts.values())
    disabled = [each for each in everyone if not each.enabled and each.disabled_reason]
    processes = bus.workers()
    return render_template(
        "console/overview.html",
        stats=day,
        delivered=delivered,
        failed=sum(made.values()) - delivered,
        hour_seconds=max(1.0, hour.span.seconds),
        chart=chart(day.activity.total.series),
        failing=[(known[each.listener_id], each) for each in nlargest(MOST, failing, key=lambda each: each.failures)],
        failing_count=len(failing),
        busiest=[(known[key], hour.groups[key]) for key in busiest if key in hour.groups],
        disabled=disabled[:MOST],
        disabled_count=len(disabled),
        delivering=[each for each in processes if each.delivers and not each.gone],
        gone=[each for each in processes if each.delivers and each.gone],
        listener_count=len(everyone),
        oldest_age=None if day.oldest_pending is None else (now - day.oldest_pending).total_seconds(),
    )
