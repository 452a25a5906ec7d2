"""`/console/event-types`: what an application announces."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, abort, render_template, request

from pulp_events.events import pattern
from pulp_events.schemas.example import example_or_reason
from pulp_events.schemas.fault import UnusableSchema
from pulp_events.schemas.json_schema import payload_schema
from pulp_events_web.console.paging import page_of
from pulp_events_web.context import acting
from pulp_events_web.shown.listeners import ListenerFilter, chosen


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/event-types", "event_types", event_types)
    blueprint.add_url_rule("/event-types/<name>", "event_type", event_type)


def event_types() -> str:
    """All of them."""
    bus = acting().reading
    heard = Counter(tuple(each.event_types) for each in bus.listeners.list())  # many listeners have the same few
    return render_template(
        "console/event_types.html",
        types=[
            (
                each,
                sum(count for texts, count in heard.items() if any(pattern.matches(one, each.name) for one in texts)),
            )
            for each in bus.event_types
        ],
    )


def event_type(name: str) -> str:
    """One, with an example and its schema."""
    bus = acting().reading
    if name not in bus.event_types:
        abort(404, f"No event type {name!r:.100} is registered.")
    found = bus.event_types.require(name)
    schema, example, fault = None, None, ""
    try:
        schema = payload_schema(found)
        example, fault = example_or_reason(found)
    except UnusableSchema as error:
        fault = str(error)
    page = page_of(chosen(bus, ListenerFilter(event_type=name)), request.args.get("page", ""))
    return render_template(
        "console/event_type.html", type=found, schema=schema, example=example, fault=fault, page=page
    )
