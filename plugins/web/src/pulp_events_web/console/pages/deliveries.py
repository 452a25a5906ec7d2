"""`/console/deliveries`: with filters that are in the URL; one with its attempts."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from pulp_events.bus.looking import Looked
from pulp_events.errors import DeliveryNotFound, EventsError, ListenerNotFound
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.states import State
from pulp_events_web.console import asked
from pulp_events_web.console.naming import names_of, offered
from pulp_events_web.console.reports import report_of
from pulp_events_web.context import acting
from pulp_events_web.looking import looked
from pulp_events_web.shown.deliveries import FILTERS, query_of

PAGE = 50


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/deliveries", "deliveries", deliveries)
    blueprint.add_url_rule("/deliveries/<delivery_id>", "delivery", delivery)


def deliveries() -> str | tuple[str, int]:
    """A page of them."""
    bus = acting().reading
    wanted = asked.texts(request.args, FILTERS)
    found: Looked[Delivery] = Looked(())
    error, before = "", request.args.get("before") or None
    try:
        begin, query = asked.place(request.args, "below"), query_of(asked.values(wanted))
        found = looked(
            lambda most, place, seconds: bus.deliveries.look(
                query, limit=most, before=before, place=begin if place is None else place, seconds=seconds
            ),
            PAGE + 1,
        )
    except EventsError as refused:
        if type(refused) not in (EventsError, ListenerNotFound, DeliveryNotFound):
            raise
        error = str(refused)
    page = render_template(
        "console/deliveries.html",
        deliveries=found.found[:PAGE],
        older=found.found[PAGE - 1].id if len(found.found) > PAGE else None,
        left=found.place,
        back_to=found.back_to,
        paged="before" in request.args or "below" in request.args,
        wanted=wanted,
        given={key: value for key, value in wanted.items() if value},
        error=error,
        states=[*State],
        event_types=bus.event_types.names(),
        notifier_types=sorted(bus.plugins.notifiers),
        offered=offered(bus),
        names=names_of(bus, (each.listener_id for each in found.found)),
    )
    return (page, 422) if error else page


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
        names=names_of(bus, [found.listener_id]),
    )
