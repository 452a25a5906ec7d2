"""Which stored events, and deliveries of them, a listener may get, by the scope that the event was emitted with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from pulp_events.events.builtin import LISTENER_DISABLED
from pulp_events.listeners.listener import Listener

NOT_KNOWN = "with which scope the event was emitted is not known: an earlier release stored it"


class Scoped(Protocol):
    """What is stored of an event, or of a delivery of one."""

    @property
    def event_type(self) -> str:
        """Its event type."""

    @property
    def scope(self) -> str | None:
        """The scope that it was emitted with."""

    @property
    def scope_known(self) -> bool:
        """Whether that is known."""


S = TypeVar("S", bound=Scoped)


def hears(listener: Listener, event: Scoped) -> bool:
    """Whether the listener may get a stored event. One whose scope is not known is only for who gets every event."""
    return listener.hears_all or (event.scope_known and listener.hears(event.scope, event.event_type))


def unheard(listener: Listener, events: Sequence[S]) -> Sequence[S]:
    """Those of them that the listener may not get."""
    if listener.hears_all:
        return ()
    return [event for event in events if not hears(listener, event)]


def is_in_doubt(listener: Listener, event: Scoped) -> bool:
    """True if the event may have been for the listener, and its scope, which is not known, would tell."""
    return not event.scope_known and not listener.hears_all and event.event_type != LISTENER_DISABLED


def why_not(listener: Listener, event: Scoped) -> str:
    """Why the listener does not hear a stored event."""
    if is_in_doubt(listener, event):
        return NOT_KNOWN
    return wrong_scope(listener, event.scope, event.event_type)


def wrong_scope(listener: Listener, scope: str | None, event_type: str) -> str:
    """Why the listener does not get an event of this type that is emitted with this scope."""
    if event_type == LISTENER_DISABLED:
        return f"{event_type} tells of the listeners of all, and is for administrators' listeners without scope"
    has = "the event has no scope" if scope is None else f"the event has the scope {scope}"
    if listener.scope is not None:
        return f"{has}, and the listener has the scope {listener.scope}"
    return f"{has}, and a listener without scope of an untrusted author gets only events without one"
