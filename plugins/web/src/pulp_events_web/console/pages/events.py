"""`/console/events`: what was emitted, and why it went where."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from pulp_events.bus.looking import Looked
from pulp_events.errors import EventsError
from pulp_events.outbox.stored_event import StoredEvent
from pulp_events_web.console import asked
from pulp_events_web.console.naming import names_of
from pulp_events_web.console.paging import page_of
from pulp_events_web.console.reports import report_of
from pulp_events_web.context import acting
from pulp_events_web.looking import looked
from pulp_events_web.shown.events import query_of

PAGE = 50
SHOWN = 10
"""Deliveries to one listener; a link leads to the others."""
FILTERS = ("event_type", "id_prefix", "scope", "since", "until")


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/events", "events", events)
    blueprint.add_url_rule("/events/<event_id>", "event", event)


def events() -> str | tuple[str, int]:
    """A page of them."""
    bus = acting().reading
    wanted = asked.texts(request.args, FILTERS)
    error = ""
    found: Looked[StoredEvent] = Looked(())
    try:
        before, query = asked.place(request.args, "before"), query_of(asked.values(wanted))
        found = looked(
            lambda most, place, seconds: bus.events.look(
                query, limit=most, before=before if place is None else place, seconds=seconds
            ),
            PAGE + 1,
        )
    except EventsError as refused:
        if type(refused) is not EventsError:
            raise
        error = str(refused)
    page = render_template(
        "console/events.html",
        events=found.found[:PAGE],
        older=found.found[PAGE - 1].place if len(found.found) > PAGE else None,
        left=found.place,
        back_to=found.back_to,
        paged=bool(request.args.get("before")),
        wanted=wanted,
        given={key: value for key, value in wanted.items() if value},
        error=error,
        event_types=bus.event_types.names(),
        keep=bus.settings.section("events")["keep"],
    )
    return (page, 422) if error else page


def event(event_id: str) -> str:
    """One, and for each listener why it got it or did not: first those that have deliveries of it."""
    bus = acting().reading
    found = bus.events.get(event_id)
    explanations = bus.explain_event(found.id, most=SHOWN)
    page = page_of(explanations, request.args.get("page", ""))
    return render_template(
        "console/event.html",
        event=found,
        report=report_of(found.report),
        page=page,
        got=explanations.with_deliveries,
        names=names_of(bus, (each.listener_id for each in page.items)),
        known=found.event_type in bus.event_types,
    )
