"""Which stored events a listener may get, by the scope that they were emitted with."""

from __future__ import annotations

from datetime import datetime

from pulp_events.events.own_names import OWN
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.stored_event import EventQuery, StoredEvent

NOT_KNOWN = "with which scope the event was emitted is not known: an earlier release stored it"


def hears(listener: Listener, event: StoredEvent) -> bool:
    """Whether the listener may get a stored event. One whose scope is not known is only for who gets every event."""
    return listener.hears_all or (event.scope_known and listener.hears(event.scope, event.event_type))


def is_in_doubt(listener: Listener, event: StoredEvent) -> bool:
    """True if the event may have been for the listener, and its scope, which is not known, would tell."""
    return not event.scope_known and not listener.hears_all and event.event_type not in OWN


def stored_for(listener: Listener, since: datetime | None = None, until: datetime | None = None) -> EventQuery:
    """What a store is asked for to find the events that the listener may get; `hears` still decides."""
    unscoped = listener.scope is None and not listener.hears_all
    return EventQuery(list(listener.event_types), since, until, scope=listener.scope, without_scope=unscoped)


def why_not(listener: Listener, event: StoredEvent) -> str:
    """Why the listener does not hear a stored event."""
    if is_in_doubt(listener, event):
        return NOT_KNOWN
    return wrong_scope(listener, event.scope, event.event_type)


def wrong_scope(listener: Listener, scope: str | None, event_type: str) -> str:
    """Why the listener does not get an event of this type that is emitted with this scope."""
    if event_type in OWN:
        return f"{event_type} tells of the listeners of all, and is for administrators' listeners without scope"
    has = "the event has no scope" if scope is None else f"the event has the scope {scope}"
    if listener.scope is not None:
        return f"{has}, and the listener has the scope {listener.scope}"
    return f"{has}, and a listener without scope of an untrusted author gets only events without one"
