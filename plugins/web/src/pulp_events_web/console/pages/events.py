"""`/console/events`: what was emitted, and why it went where."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from pulp_events.errors import EventsError
from pulp_events.outbox.stored_event import EventQuery
from pulp_events_web.console.pages.deliveries import moment_given, names_of, report_of
from pulp_events_web.context import acting

PAGE = 50
FILTERS = ("event_type", "id", "since", "until")


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/events", "events", events)
    blueprint.add_url_rule("/events/<event_id>", "event", event)


def events() -> str | tuple[str, int]:
    """A page of them."""
    bus = acting().reading
    wanted = {name: request.args.get(name, "").strip() for name in FILTERS}
    before, error, found = request.args.get("before", ""), "", []
    try:
        if before and not (before.isdecimal() and len(before) < 19):
            raise EventsError("before: it is no place of an event; begin at the first page")
        query = EventQuery(
            event_types=[wanted["event_type"]] if wanted["event_type"] else None,
            id_prefix=wanted["id"] or None,
            since=moment_given(wanted["since"], "since"),
            until=moment_given(wanted["until"], "until"),
        )
        found = bus.events.list(query, limit=PAGE + 1, before=int(before) if before else None)
    except EventsError as refused:
        if type(refused) is not EventsError:
            raise
        error = str(refused)
    page = render_template(
        "console/events.html",
        events=found[:PAGE],
        older=found[PAGE - 1].place if len(found) > PAGE else None,
        paged=bool(before),
        wanted=wanted,
        given={key: value for key, value in wanted.items() if value},
        error=error,
        event_types=bus.event_types.names(),
        keep=bus.settings.section("events")["keep"],
    )
    return (page, 422) if error else page


def event(event_id: str) -> str:
    """One, and for each listener why it got it or did not."""
    bus = acting().reading
    found = bus.events.get(event_id)
    explanations = sorted(bus.explain_event(found.id), key=lambda each: not each.deliveries)
    return render_template(
        "console/event.html",
        event=found,
        report=report_of(found.report),
        explanations=explanations,
        names=names_of(bus),
        known=found.event_type in bus.event_types,
    )
