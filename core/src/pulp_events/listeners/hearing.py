"""Which stored events, and deliveries of them, a listener may get, by the scope that the event was emitted with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pulp_events.events.own_names import ABOUT_LISTENERS, OWN
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Delivery

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


def hears(listener: Listener, event: Scoped) -> bool:
    """Whether the listener may get a stored event. One whose scope is not known is only for who gets every event."""
    return listener.hears_all or (event.scope_known and listener.hears(event.scope, event.event_type))


def unheard(listener: Listener, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
    """Those of them whose events the listener may not get."""
    if listener.hears_all:
        return ()
    return [each for each in deliveries if not (hears(listener, each) or _still_hears_of(listener, each))]


def _still_hears_of(listener: Listener, delivery: Delivery) -> bool:
    """Whether it may still get an event about a listener that was stored for it; see `about.audience.may_hear`. It may
    have got another scope or author since."""
    if delivery.event_type not in ABOUT_LISTENERS or not delivery.scope_known or delivery.scope != listener.scope:
        return False
    if listener.author is None or listener.author.trusted:
        return True
    made_by: object = delivery.event.payload.get("author")
    return made_by == listener.author.name


def is_in_doubt(listener: Listener, event: Scoped) -> bool:
    """True if the event may have been for the listener, and its scope, which is not known, would tell."""
    return not event.scope_known and not listener.hears_all and event.event_type not in OWN


def why_not(listener: Listener, event: Scoped) -> str:
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
