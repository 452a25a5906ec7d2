"""Who disabled a listener: the dispatcher, as it failed, or somebody who gave a reason for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from pulp_events.listeners.history import HistoryQuery
from pulp_events.listeners.store import ListenerHistory
from pulp_events.system.who import DISPATCHER

if TYPE_CHECKING:
    from pulp_events.listeners.history import ListenerChange
    from pulp_events.listeners.listener import Listener
    from pulp_events.listeners.store import ListenerStore


def disabled_by_hand(store: ListenerStore, disabled: Sequence[Listener]) -> Collection[str]:
    """The ids of those that were not disabled by the dispatcher. Raises StoreError.

    One whose change is not known any more, or whose store keeps none, is not among them: rather a word too many.
    """
    if not isinstance(store, ListenerHistory):
        return ()
    only = disabled[0].id if len(disabled) == 1 else None
    wanted = {each.id for each in disabled}
    found: set[str] = set()
    for change in store.history(HistoryQuery(only, since=min(each.created for each in disabled))):
        if change.listener_id in wanted and _disables(change):
            wanted.remove(change.listener_id)  # the newest one counts
            if change.by != DISPATCHER:
                found.add(change.listener_id)
    return found


def _disables(change: ListenerChange) -> bool:
    after, before = change.after, change.before
    return (
        after is not None and not after.get("enabled", True) and (before is None or bool(before.get("enabled", True)))
    )
