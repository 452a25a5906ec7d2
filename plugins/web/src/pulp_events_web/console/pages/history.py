"""`/console/history`: who changed which listener."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request

from pulp_events.errors import ListenerNotFound
from pulp_events.listeners.history import ListenerChange
from pulp_events_web.console.filters import without_commands
from pulp_events_web.console.naming import names_of, offered
from pulp_events_web.context import acting

PAGE = 50
MOST = 1000
"""Changes on one page, as it grows."""


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/history", "history", history)


def history() -> str:
    """The newest changes first."""
    bus = acting().reading
    wanted = request.args.get("listener", "").strip()
    given = request.args.get("limit", "")
    limit = min(MOST, max(PAGE, int(given))) if given.isdecimal() and len(given) < 7 else PAGE
    changes: Sequence[ListenerChange] = ()
    error = ""
    if bus.listeners.keeps_history:
        try:
            changes = bus.listeners.history(wanted or None, limit=limit + 1)[: limit + 1]
        except ListenerNotFound as refused:
            error = without_commands(str(refused))
    return render_template(
        "console/history.html",
        changes=changes[:limit],
        more=limit + PAGE if len(changes) > limit and limit < MOST else None,
        wanted=wanted,
        error=error,
        kept=bus.listeners.keeps_history,
        offered=offered(bus),
        names=names_of(bus, (each.listener_id for each in changes[:limit])),
    )
