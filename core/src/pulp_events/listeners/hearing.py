"""Which stored events, and deliveries of them, a listener may get, by the scope that the event was emitted with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pulp_events.events.own_names import OWN
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.stored_event import StoredEvent

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

    @property
    def about_author(self) -> str | None:
        """See `StoredEvent.about_author`."""


def hears(listener: Listener, event: Scoped) -> bool:
    """Whether the listener may get a stored event. One whose scope is not known is only for who gets every event."""
    if listener.hears_all:
        return True
    if event.event_type not in OWN:
        return event.scope_known and listener.hears(event.scope, event.event_type)
    return _hears_of_its_listener(listener, event)


def may_get(listener: Listener, event: StoredEvent) -> bool:
    """Whether a stored event may be given to the listener now: none that tells of this listener itself."""
    if not hears(listener, event):
        return False
    if event.about_author is None or event.erased is not None:
        return True
    return bool(event.event.payload.get("listener_id") != listener.id)


def unheard(listener: Listener, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
    """Those of them whose events the listener may not get."""
    if listener.hears_all:
        return ()
    return [each for each in deliveries if not hears(listener, each)]


def _hears_of_its_listener(listener: Listener, event: Scoped) -> bool:
    """Whether one that hears only some may get a stored event about a listener; see `about.audience.may_hear`.

    Only one that the system made itself: whoever emits one by hand writes into its payload what he likes.
    """
    if event.about_author is None or not event.scope_known or event.scope != listener.scope:
        return False
    return listener.author is None or listener.author.trusted or event.about_author == listener.author.name


def is_in_doubt(listener: Listener, event: Scoped) -> bool:
    """True if the event may have been for the listener, and its scope, which is not known, would tell."""
    return not event.scope_known and not listener.hears_all and event.event_type not in OWN


def why_not(listener: Listener, event: StoredEvent) -> str | None:
    """Why the listener may not get a stored event; None: it may."""
    if is_in_doubt(listener, event):
        return NOT_KNOWN
    if may_get(listener, event):
        return None
    if event.about_author is None:
        return wrong_scope(listener, event.scope, event.event_type)
    if hears(listener, event):
        return "it tells of this listener itself"
    same = "scope and author" if listener.untrusted else "scope"
    return f"{event.event_type} tells of a listener, and this one hears only of those with the same {same}"


def wrong_scope(listener: Listener, scope: str | None, event_type: str) -> str:
    """Why the listener does not get an event of this type that is emitted with this scope."""
    if event_type in OWN:
        return f"{event_type} tells of the listeners of all, and is for administrators' listeners without scope"
    has = "the event has no scope" if scope is None else f"the event has the scope {scope}"
    if listener.scope is not None:
        return f"{has}, and the listener has the scope {listener.scope}"
    return f"{has}, and a listener without scope of an untrusted author gets only events without one"
