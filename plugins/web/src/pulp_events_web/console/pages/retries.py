"""Retry one delivery, or all dead ones that fit a filter: as many as a request has time for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events_web.bounded import sum_within
from pulp_events_web.console import again, asked
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
    blueprint.add_url_rule("/deliveries/retry", "retry_many_page", _to_all, methods=["GET"])
    blueprint.add_url_rule("/deliveries/<delivery_id>/retry", "retry_page", _back, methods=["GET"])


def _to_all() -> Response:
    return redirect(url_for("console.deliveries", state="dead"), 303)


def _back(delivery_id: str) -> Response:
    return redirect(url_for("console.delivery", delivery_id=delivery_id), 303)


def one(delivery_id: str) -> Response:
    """Deliver it again, whatever its state; what was delivered becomes a delivery of its own, whose page follows."""
    bus = acting().operating
    found = bus.deliveries.get(delivery_id)
    # `again`: who presses the button of a delivery that is a repeat means it.
    count = sum(bus.deliveries.retry(DeliveryQuery(ids=[found.id], state=found.state), again=True))
    shown = found.id
    if not count:
        now = bus.deliveries.get(found.id)
        offer = again.offered(bus, now, bus.deliveries.waiting_for([now]).get(now.id))
        reason = "It was sent again already." if offer.repeat else offer.why_not or "It changed meanwhile."
        note(f"Nothing was retried. {reason}")
    elif found.state == State.DELIVERED and (repeat := again.repeat_of(bus, found)) is not None:
        shown = repeat
        note(f"This is a new delivery of what was delivered before. {again.outcome(bus, repeat)}")
    else:
        note(again.outcome(bus, found.id))
    return redirect(url_for("console.delivery", delivery_id=shown), 303)


def many() -> Response:
    """Deliver again the dead ones that fit, the oldest first."""
    bus = acting().operating
    wanted = asked.texts(request.form, FILTERS)
    query = replace(query_of(asked.values(wanted)), state=State.DEAD)
    with taking_long():
        count, more = sum_within(LONGEST, bus.deliveries.retry(query))
        left = bus.deliveries.count_retried(query) if more else 0
    said = "1 delivery is in line again." if count == 1 else f"{number(count)} deliveries are in line again."
    if not count:
        said = "Nothing was retried: none that is dead fits, or their listeners were deleted."
    if left:
        said += f" {number(left)} are left: press “Retry all” again to go on with them."
    if count and bus.deliveries.stats().pending and again.nobody_delivers(bus):
        said += f" They wait: {again.NO_WORKER}."
    note(said)
    kept: dict[str, Any] = {name: text for name, text in wanted.items() if text and (left or name != "state")}
    return redirect(url_for("console.deliveries", **kept), 303)
