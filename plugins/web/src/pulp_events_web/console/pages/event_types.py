"""`/console/event-types`: what an application announces."""

from __future__ import annotations

from flask import Blueprint, abort, render_template

from pulp_events.events import pattern
from pulp_events.schemas.example import example_or_reason
from pulp_events.schemas.fault import UnusableSchema
from pulp_events.schemas.json_schema import payload_schema
from pulp_events_web.context import acting


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/event-types", "event_types", event_types)
    blueprint.add_url_rule("/event-types/<name>", "event_type", event_type)


def event_types() -> str:
    """All of them."""
    bus = acting().reading
    heard = bus.listeners.list()
    return render_template(
        "console/event_types.html",
        types=[
            (each, sum(any(pattern.matches(text, each.name) for text in one.event_types) for one in heard))
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
    hearing = [one for one in bus.listeners.list() if any(pattern.matches(text, name) for text in one.event_types)]
    return render_template(
        "console/event_type.html", type=found, schema=schema, example=example, fault=fault, listeners=hearing
    )
