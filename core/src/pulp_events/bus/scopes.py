"""What a store is asked for to find the events that a listener may get, and the deliveries of such events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pulp_events.listeners.listener import Listener
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.stored_event import EventQuery


def stored_for(listener: Listener, since: datetime | None = None, until: datetime | None = None) -> EventQuery:
    """What a store is asked for to find the events that the listener may get; `hearing.hears` still decides."""
    unscoped = listener.scope is None and not listener.hears_all
    return EventQuery(list(listener.event_types), since, until, scope=listener.scope, without_scope=unscoped)


def heard_with(query: DeliveryQuery, scope: str | None, names: Iterable[str] | None) -> DeliveryQuery:
    """The query, for nothing but deliveries of events that a listener with this scope, of an untrusted author with one
    of these names, may get; see `hearing.hears`. `names` None: one of a trusted author, which hears of them all."""
    wanted = "" if query.without_scope else query.scope
    if wanted is not None and wanted != (scope or ""):
        return replace(query, listener_ids=[])
    heard_by = None if names is None else sorted(names)
    return replace(query, scope=scope, without_scope=scope is None, heard_by=heard_by)
