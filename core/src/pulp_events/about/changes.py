"""Which listeners were changed, by whom and how. Pure: the history of the listeners is an argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from pulp_events.about.announcement import Announcement, about, text
from pulp_events.about.told import Told
from pulp_events.events.own_names import LISTENER_CHANGED
from pulp_events.listeners.author import by_for_author
from pulp_events.listeners.document import from_document
from pulp_events.listeners.history import Action, ListenerChange
from pulp_events.listeners.listener import Listener
from pulp_events.system.clock import from_timestamp
from pulp_events.system.who import DISPATCHER

CHANGED = "changed"
OVERLAP = 300.0
"""Seconds by which the clocks of hosts that change listeners may differ."""
MOST_RECENT = 2000
"""Changes of that time that are noted one by one, or little more: where there are more, those before are over, so that
whoever changes a listener over and over does not make the note long."""


def look(
    told: Told, history: Callable[[datetime], Sequence[ListenerChange]], begin: float, room: int
) -> list[Announcement]:
    """What is to be said now, `room` at most; `told` is changed accordingly.

    `history`: changes of a moment and later, the newest first. `begin`: where nothing was said yet, the moment from
    which on it is. The changes of a listener that were made since the last time are said together.
    """
    part = told.part(CHANGED)
    upto = part.setdefault("upto", begin)
    recent = set(part.get("recent", ()))
    since = max(part.setdefault("begin", begin), upto - OVERLAP)
    fresh: dict[str, list[ListenerChange]] = {}
    keys: dict[str, float] = {}
    for change in reversed(history(from_timestamp(since))):
        moment = change.time.timestamp()
        key = f"{change.time.isoformat()} {change.listener_id}"
        if key not in recent and (change.listener_id in fresh or len(fresh) < room):
            fresh.setdefault(change.listener_id, []).append(change)
            recent.add(key)
        if key in recent:
            keys[key] = moment
    if fresh:
        upto = max(upto, *keys.values())
        part["upto"] = upto
        latest = sorted(((moment, key) for key, moment in keys.items() if moment >= upto - OVERLAP), reverse=True)
        if len(latest) > MOST_RECENT:
            part["begin"] = cut = latest[MOST_RECENT - 1][0]
            latest = [each for each in latest if each[0] >= cut]
        part["recent"] = sorted(key for _, key in latest)
    return [said for changes in fresh.values() if (said := _said(changes)) is not None]


def _said(changes: Sequence[ListenerChange]) -> Announcement | None:
    # That a listener was disabled as it failed is `listener.disabled`.
    told = [each for each in changes if not (each.by == DISPATCHER and each.action is Action.DISABLED)]
    if not told:
        return None
    last = told[-1]
    listener = _listener(last)
    if listener is None:
        return None
    ended = last.before is None or last.after is None
    keys = () if ended else sorted({found.key for each in told for found in each.differences()})
    return about(
        LISTENER_CHANGED,
        listener,
        action=last.action.value,
        by=by_for_author(last.by) if listener.untrusted else last.by,
        time=text(last.time),
        changed=list(keys),
        count=len(told),
    )


def _listener(change: ListenerChange) -> Listener | None:
    """The record as it was kept, its secrets masked; None where it cannot be read."""
    record = change.after if change.after is not None else change.before
    try:
        return None if record is None else from_document(record)
    except ValueError:
        return None
