"""Who may hear of a listener."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pulp_events.about.announcement import Announcement
from pulp_events.errors import InvalidConfig
from pulp_events.events.own_names import LISTENER_DISABLED, OWN
from pulp_events.events.pattern import matches
from pulp_events.listeners.filters import passes
from pulp_events.listeners.listener import Listener

_MAY_LOOP = OWN - {LISTENER_DISABLED}


def may_hear(listener: Listener, subject: Listener | None, event_type: str) -> bool:
    """Whether `listener` may get an event of this type that tells of `subject`; None: of all listeners together.

    Never of itself. Of another one that hears of listeners, too, only the older of two hears: so no chain of events
    about events comes back to where it began, however many take part. `listener.disabled` is told once, and so needs no
    such order.

    Who hears every event hears of every listener; others hear of those with their own scope, and, if they are an
    untrusted author's, only of those that he made.
    """
    if subject is None:
        return listener.hears_all
    if listener.id == subject.id:
        return False
    if event_type != LISTENER_DISABLED and hears_of_listeners(subject) and not _is_older(listener, subject):
        return False
    if listener.hears_all:
        return True
    if listener.scope != subject.scope:
        return False
    if not listener.untrusted:
        return True
    made_by = subject.author
    return made_by is not None and not made_by.trusted and listener.author == made_by


def is_heard(said: Announcement, listeners: Iterable[Listener]) -> bool:
    """Whether any of these listeners for its event type would get it, by filter, too."""
    report: dict[str, Any] = {"event_type": said.event_type, "payload": said.payload, "call_report": {}}
    return any(may_hear(each, said.subject, said.event_type) and _passes(each, report) for each in listeners)


def _passes(listener: Listener, report: dict[str, Any]) -> bool:
    if listener.filter is None:
        return True
    try:
        return passes(listener.condition, report)
    except InvalidConfig:  # of a foreign store; see `emitter.passes_filter`
        return True


def hears_of_listeners(listener: Listener) -> bool:
    """Whether any event about events might go to it."""
    return any(matches(pattern, name) for pattern in listener.event_types for name in _MAY_LOOP)


def _is_older(one: Listener, other: Listener) -> bool:
    return (one.created, one.id) < (other.created, other.id)
