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
    switches,
)

MODULES = (overview, listeners, switches, edit, deliveries, events, event_types, plugins, history)
