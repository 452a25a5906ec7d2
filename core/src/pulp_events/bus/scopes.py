"""Stored events do not keep with which scope they were emitted: who gets only events of a scope gets none of them."""

from __future__ import annotations

from pulp_events.errors import NotAllowed
from pulp_events.listeners.listener import Listener


def hears_all(listener: Listener) -> bool:
    """True if the listener gets events whatever their scope."""
    return listener.scope is None and not listener.untrusted


def refuse_stored(listener: Listener) -> Listener:
    """The listener; NotAllowed for one that does not get events of every scope."""
    if hears_all(listener):
        return listener
    none = f"without a scope, as it is of {listener.author}"
    whose = none if listener.scope is None else f"with the scope {listener.scope}"
    raise NotAllowed(
        f"listener {listener.id} gets only events {whose}, and it is not stored which scope an event had; only events "
        "from now on can be for it"
    )
