"""What is done to a listener with one button: test, mute, enable, disable, delete. Each answers a POST."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pulp_events.fields import parse_duration
from pulp_events.outbox.states import State
from pulp_events_web.console.notes import note
from pulp_events_web.console.pages.listeners import changeable, page_of_one
from pulp_events_web.context import acting
from pulp_events_web.trying import tried


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    for name in ("test", "mute", "unmute", "enable", "disable"):
        rule = f"/listeners/<listener_id>/{name}"
        blueprint.add_url_rule(rule, f"listener_{name}", globals()[name], methods=["POST"])
    blueprint.add_url_rule("/listeners/<listener_id>/delete", "listener_delete", delete, methods=["GET", "POST"])


def _back(listener_id: str) -> Response:
    return redirect(url_for("console.listener", listener_id=listener_id), 303)


def test(listener_id: str) -> str:
    """Send a test event now, and show what the receiver said, for as long as a request may take."""
    who = acting()
    bus = who.operating
    return page_of_one(listener_id, trials=tried(bus, bus.listeners.get(listener_id), who.principal.name))


def mute(listener_id: str) -> Response | tuple[str, int]:
    """For a time."""
    given = request.form.get("for", "").strip()
    try:
        length = parse_duration(given)
        found = acting().operated.mute(
            listener_id, length, drop="drop" in request.form, reason=request.form.get("reason", "").strip() or None
        )
    except ValueError:
        return page_of_one(listener_id, mute_error="Not a duration; write for example 30m, 2h or 1d."), 422
    note(f"{found.name or found.id} is muted for {given}.")
    return _back(found.id)


def unmute(listener_id: str) -> Response:
    """Now."""
    found = acting().operated.unmute(listener_id)
    note(f"{found.name or found.id} is not muted any more; what waited is delivered.")
    return _back(found.id)


def enable(listener_id: str) -> Response:
    """Deliver again."""
    found = acting().operated.enable(listener_id)
    note(f"{found.name or found.id} is enabled; what waited is delivered.")
    return _back(found.id)


def disable(listener_id: str) -> Response:
    """Deliver nothing."""
    found = acting().operated.disable(listener_id, request.form.get("reason", "").strip() or None)
    note(f"{found.name or found.id} is disabled.")
    return _back(found.id)


def delete(listener_id: str) -> Response | str:
    """Ask first, then delete."""
    who = acting()
    found = changeable(who, listener_id)
    if request.method == "GET":
        counts = who.reading.deliveries.stats(listener=found.id).by_listener.get(found.id, {})
        return render_template("console/delete.html", listener=found, pending=counts.get(State.PENDING, 0))
    who.written.delete(found.id)
    note(f"{found.name or found.id} is deleted.")
    return redirect(url_for("console.listeners"), 303)
