"""A module for each kind of page; each has `add(blueprint)`."""

from pulp_events_web.console.pages import (
    deliveries,
    edit,
    event_types,
    events,
    history,
    listeners,
    overview,
    plugins,
    retries,
    switches,
)

MODULES = (overview, listeners, switches, edit, deliveries, retries, events, event_types, plugins, history)
