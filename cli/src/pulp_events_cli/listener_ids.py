"""Ids of listeners at the command line: a unique beginning is enough, a mistyped one is answered with the nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import ListenerNotFound
from pulp_events_cli.errors import UsageError
from pulp_events_cli.output.text import count

if TYPE_CHECKING:
    from pulp_events.bus import EventBus
    from pulp_events.listeners.listener import Listener

SHORTEST = 4
"""Characters that the beginning of an id must have at least."""
LENGTH = 24
_SHOWN = 5


def find(bus: EventBus, text: str) -> Listener:
    """The listener with this id, or the only one whose id begins so.

    Raises UsageError if several do, ListenerNotFound if none does.
    """
    listeners = {listener.id: listener for listener in bus.listeners.list()}
    if text in listeners:
        return listeners[text]
    found = [listener_id for listener_id in listeners if listener_id.startswith(text)] if len(text) >= SHORTEST else []
    if len(found) == 1:
        return listeners[found[0]]
    if found:
        shown = ", ".join(found[:_SHOWN]) + ", …" * (len(found) > _SHOWN)
        raise UsageError(
            f"{text!r} is ambiguous: {count(len(found), 'listener', 'listeners')} have ids that begin so, {shown}"
        )
    raise ListenerNotFound(f"no listener has the id {text!r:.60}{_hint(text, listeners)}")


def for_query(bus: EventBus, text: str) -> str:
    """The id to look for in the ledger, which also holds deliveries of listeners that were deleted."""
    return text if len(text) >= LENGTH else find(bus, text).id


def _hint(text: str, known: dict[str, Listener]) -> str:
    if len(text) < SHORTEST and any(listener_id.startswith(text) for listener_id in known):
        return f"; the beginning of one is enough, if it has {SHORTEST} characters or more"
    from pulp_events.suggestion import did_you_mean

    return did_you_mean(text, known) or "; `pulp-admin event listener list` shows them"
