"""How findings name a listener: people know it by its name, commands take either."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener


def called(listener: Listener) -> str:
    """`name (id)`, or the id of one without a name."""
    return listener.id if listener.name is None else f"{listener.name} ({listener.id})"
