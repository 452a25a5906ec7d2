"""Finds listeners by what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pulp_events.errors import ListenerNotFound, StoreError
from pulp_events.listeners.listener import Listener
from pulp_events.system.ids import is_listener_id


def has_labels(listener: Listener, wanted: Mapping[str, str | None]) -> bool:
    """True if the listener has all of these labels; None stands for any value."""
    return all(key in listener.labels and value in (None, listener.labels[key]) for key, value in wanted.items())


def is_chosen(listener: Listener, notifier_type_id: str | None, labels: Mapping[str, str | None] | None) -> bool:
    """True if the listener is of this type, None: any, and has all of these labels, if there are any."""
    return notifier_type_id in (None, listener.notifier_type_id) and has_labels(listener, labels or {})


def named(listeners: Iterable[Listener], name: str) -> Listener | None:
    """The listener with this name, if there is one. StoreError if several have it, as after a change by hand."""
    found = [each for each in listeners if each.name == name] if isinstance(name, str) else []
    if len(found) > 1:
        ids = ", ".join(each.id for each in found)
        raise StoreError(f"{len(found)} listeners have the name {name!r}: {ids}; rename one, calling it by its id")
    return found[0] if found else None


def not_found(text: object) -> ListenerNotFound:
    """The error that there is no listener with this id or name."""
    what = "the id" if is_listener_id(text) else "the id or name"
    return ListenerNotFound(f"no listener has {what} {text!r:.80}; `pulp-admin event listener list` shows them")
