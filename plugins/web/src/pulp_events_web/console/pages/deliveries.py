"""`/console/deliveries`: with filters that are in the URL; one with its attempts; retry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pulp_events.errors import EventsError, ListenerNotFound
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events_web.console.notes import note
from pulp_events_web.context import acting

PAGE = 50
FILTERS = ("state", "listener", "event_type", "event", "error", "since", "until")


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/deliveries", "deliveries", deliveries)
    blueprint.add_url_rule("/deliveries/retry", "retry_many", retry_many, methods=["POST"])
    blueprint.add_url_rule("/deliveries/<delivery_id>", "delivery", delivery)
    blueprint.add_url_rule("/deliveries/<delivery_id>/retry", "retry", retry, methods=["POST"])


def moment_given(text: str, name: str) -> datetime | None:
    """A time as a field has it; without a zone it is UTC. Raises EventsError."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise EventsError(f"{name}: {text!r:.60} is not a time; write for example 2026-01-31T12:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def query_of(given: Any) -> DeliveryQuery:
    """The filters as a query. Raises EventsError for what nothing can fit."""
    wanted = {name: given.get(name, "").strip() for name in FILTERS}
    if wanted["state"] and wanted["state"] not in [*State]:
        raise EventsError(f"state: {wanted['state']!r:.60} is none; choose one of {', '.join(State)}")
    return DeliveryQuery(
        state=State(wanted["state"]) if wanted["state"] else None,
        listener_id=wanted["listener"] or None,
        event_type=wanted["event_type"] or None,
        event_id=wanted["event"] or None,
        error=wanted["error"] or None,
        since=moment_given(wanted["since"], "since"),
        until=moment_given(wanted["until"], "until"),
    )


def deliveries() -> str | tuple[str, int]:
    """A page of them."""
    bus = acting().reading
    wanted = {name: request.args.get(name, "").strip() for name in FILTERS}
    error, found = "", []
    try:
        found = bus.deliveries.list(query_of(wanted), limit=PAGE + 1, before=request.args.get("before") or None)
    except ListenerNotFound as refused:
        error = str(refused)
    except EventsError as refused:
        if type(refused) is not EventsError:
            raise
        error = str(refused)
    given = {key: value for key, value in wanted.items() if value}
    page = render_template(
        "console/deliveries.html",
        deliveries=found[:PAGE],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        paged="before" in request.args,
        wanted=wanted,
        given=given,
        error=error,
        states=[*State],
        event_types=bus.event_types.names(),
        listeners=bus.listeners.list(),
        names=names_of(bus),
    )
    return (page, 422) if error else page


def names_of(bus: Any) -> dict[str, str]:
    """Listener id → what it is called."""
    return {each.id: each.name or each.id for each in bus.listeners.list()}


def delivery(delivery_id: str) -> str:
    """One, with each attempt."""
    bus = acting().reading
    found = bus.deliveries.get(delivery_id)
    return render_template(
        "console/delivery.html",
        delivery=found,
        attempts=bus.deliveries.attempts(found.id),
        waiting=bus.deliveries.waiting_for([found]).get(found.id),
        report=report_of(found.report),
        names=names_of(bus),
    )


def report_of(report: bytes) -> Any:
    """The report as JSON values; as text where it is damaged."""
    import json

    try:
        return json.loads(report)
    except ValueError:
        return report.decode(errors="replace")


def retry(delivery_id: str) -> Response:
    """Deliver it again, whatever its state."""
    bus = acting().operating
    found = bus.deliveries.get(delivery_id)
    count = sum(bus.deliveries.retry(DeliveryQuery(ids=[found.id], state=found.state)))
    if count:
        note(
            "It is delivered again." if found.state != State.DELIVERED else "It is delivered again, as a new delivery."
        )
    else:
        note("Nothing to retry: it is being attempted now, its listener is gone, or it was repeated already.")
    return redirect(url_for("console.delivery", delivery_id=found.id), 303)


def retry_many() -> Response:
    """Deliver again all dead ones that fit."""
    bus = acting().operating
    query = replace(query_of(request.form), state=State.DEAD)
    count = sum(bus.deliveries.retry(query))
    note(f"{count} deliveries are made again." if count != 1 else "1 delivery is made again.")
    kept = {name: request.form[name] for name in FILTERS if request.form.get(name) and name != "state"}
    return redirect(url_for("console.deliveries", **kept), 303)
