"""Listeners by what the command line calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import ListenerNotFound
from pulp_events.listeners.lookup import named
from pulp_events.system.ids import is_listener_id
from pulp_events_cli.ids import prefixes

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.history import ListenerChange
    from pulp_events.listeners.listener import Listener


def find(bus: EventBus, text: str) -> Listener:
    """The listener with this id or name, or the only one whose id begins so; a name takes precedence.

    Raises UsageError if several do, ListenerNotFound if none does.
    """
    listeners = {listener.id: listener for listener in bus.listeners.list()}
    if (called_so := named(listeners.values(), text)) is not None:
        return called_so
    found = prefixes.pick(text, listeners, "listeners")
    if found is None:
        names = [each.name for each in listeners.values() if each.name is not None]
        what = "the id or name" if names and not is_listener_id(text) else "the id"
        hint = prefixes.hint(text, listeners, "listener list", names)
        raise ListenerNotFound(f"no listener has {what} {text!r:.80}{hint}")
    return listeners[found]


def for_query(bus: EventBus, text: str) -> str:
    """The id to look for in the ledger, which also holds deliveries of listeners that were deleted."""
    if is_listener_id(text):
        return text
    try:
        return find(bus, text).id
    except ListenerNotFound:
        known = {change.listener_id for change in bus.listeners.history()} if bus.listeners.keeps_history else set()
        if (picked := prefixes.pick(text, known, "listeners")) is None:
            raise
        return picked


def once(bus: EventBus, text: str) -> str:
    """The id of a listener that there is, or was: what its history calls by this id or name.

    Raises UsageError if several have it, ListenerNotFound if none has or had it.
    """
    if is_listener_id(text):
        return text
    try:
        return find(bus, text).id
    except ListenerNotFound:
        if not bus.listeners.keeps_history:
            raise
        changes = bus.listeners.history()
        named_so = [change.listener_id for change in changes if text in _names(change)]
        known = {change.listener_id: change for change in changes}
        picked = named_so[0] if named_so else prefixes.pick(text, known, "listeners")
        if picked is None:
            raise ListenerNotFound(
                f"no listener has or had the id or name {text!r:.80}; `pulp-admin event listener history` shows all "
                "changes that are kept"
            ) from None
        return picked


def _names(change: ListenerChange) -> list[str]:
    return [record["name"] for record in (change.after, change.before) if record is not None and record.get("name")]
