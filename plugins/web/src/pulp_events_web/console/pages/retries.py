"""Retry one delivery, or all dead ones that fit a filter: as many as a request has time for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events_web.bounded import sum_within
from pulp_events_web.console import asked
from pulp_events_web.console.filters import number
from pulp_events_web.console.notes import note
from pulp_events_web.context import acting, taking_long
from pulp_events_web.shown.deliveries import FILTERS, query_of

LONGEST = 5.0
"""Seconds after which the page says how many are left, and offers to go on."""


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/deliveries/retry", "retry_many", many, methods=["POST"])
    blueprint.add_url_rule("/deliveries/<delivery_id>/retry", "retry", one, methods=["POST"])


def one(delivery_id: str) -> Response:
    """Deliver it again, whatever its state."""
    bus = acting().operating
    found = bus.deliveries.get(delivery_id)
    # `again`: who presses the button of a delivery that is a repeat means it.
    count = sum(bus.deliveries.retry(DeliveryQuery(ids=[found.id], state=found.state), again=True))
    if not count:
        note("Nothing to retry: it is being attempted now, its listener is gone, or it was repeated already.")
    elif found.state == State.DELIVERED:
        note("It is delivered again, as a new delivery.")
    else:
        note("It is delivered again.")
    return redirect(url_for("console.delivery", delivery_id=found.id), 303)


def many() -> Response:
    """Deliver again the dead ones that fit, the oldest first."""
    bus = acting().operating
    wanted = asked.texts(request.form, FILTERS)
    query = replace(query_of(asked.values(wanted)), state=State.DEAD)
    with taking_long():
        count, more = sum_within(LONGEST, bus.deliveries.retry(query))
        left = bus.deliveries.count_retried(query) if more else 0
    said = "1 delivery is made again." if count == 1 else f"{number(count)} deliveries are made again."
    if left:
        said += f" {number(left)} are left: press “Retry all” again to go on with them."
    note(said)
    kept: dict[str, Any] = {name: text for name, text in wanted.items() if text and (left or name != "state")}
    return redirect(url_for("console.deliveries", **kept), 303)
