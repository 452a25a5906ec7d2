"""How many deliveries became dead, or have one attempt left, since that was last said. Pure, but for what it asks.

An outbox counts what happens in the transaction that records it, for each listener and minute, by its own clock. What
was said is the difference of two such counts, so that nothing is missed or said twice, whoever was killed in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pulp_events.about.announcement import Announcement, about, error, text
from pulp_events.about.told import Told, has_passed
from pulp_events.events.own_names import DELIVERY_DEAD, DELIVERY_EXPIRING
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.activity import HOUR, MINUTE, floor, grain
from pulp_events.outbox.happened import LAST_AHEAD
from pulp_events.outbox.records import Health
from pulp_events.outbox.states import DAY, Transition

Counts = Callable[[float, float | None], Mapping[str, Mapping[str, int]]]
"""What happened from a moment on, until another one or now, by listener id and word. Moments: whole minutes since the
epoch."""

KINDS: Mapping[str, Sequence[str]] = {
    DELIVERY_DEAD: (Transition.GIVE_UP, Transition.EXPIRE),
    DELIVERY_EXPIRING: (LAST_AHEAD,),
}
"""Event types, and the words of what they tell. What an administrator ends is not among them."""
WORDS = tuple(word for words in KINDS.values() for word in words)
FROM = "counted from"
_LONGEST = 3 * DAY - 2 * HOUR
"""Seconds for which hours are still counted apart; see `outbox.activity.KEPT`."""


def look(
    told: Told,
    wanted: list[str],
    counts: Counts,
    health: Callable[[], Mapping[str, Health]],
    listeners: Mapping[str, Listener],
    repeat: float,
    now: float,
    room: int,
    may_be_heard: Callable[[Listener, str], bool] = lambda subject, kind: True,
) -> list[Announcement]:
    """What is to be said now, `room` at most; `told` is changed accordingly. `wanted`: which of KINDS.

    `may_be_heard`: whether anybody may hear this of the listener. Where nobody does, it only is counted: whoever may
    later hears at once what happens from then on.

    The first time, nothing is: what happened before somebody wanted to know is not told.
    """
    begin = told.part(FROM)
    for kind in wanted:
        if kind not in begin or has_passed(_LONGEST, begin[kind], now):
            begin[kind] = floor(now, HOUR)
            told.forget(kind)
            if happened := _counted(kind, counts(begin[kind], None)):
                told.part(kind).update({each: {"counted": count} for each, count in happened.items()})
    since = lru_cache(maxsize=None)(lambda moment: counts(moment, None))
    said: list[Announcement] = []
    for kind in wanted:
        part = told.part(kind)
        for listener_id, count in _counted(kind, since(begin[kind])).items():
            its = part.get(listener_id, {})
            new = count - its.get("counted", 0)
            listener = listeners.get(listener_id)
            at = its.get("at")
            if (
                new <= 0
                or listener is None
                or len(said) >= room
                or (at is not None and not has_passed(repeat, at, now))
            ):
                continue
            if not may_be_heard(listener, kind):
                part[listener_id] = {"counted": count}
                continue
            detail = health().get(listener_id)
            first = _first(kind, listener_id, new, since, at if at is not None else begin[kind] - HOUR, now)
            said.append(
                about(
                    kind,
                    listener,
                    count=new,
                    since=text(first),
                    last_error="" if detail is None else error(detail.detail),
                )
            )
            part[listener_id] = {"counted": count, "at": now}
        _move_on(kind, begin, part, counts, listeners, repeat, now)
    return said


def _first(
    kind: str,
    listener_id: str,
    count: int,
    since: Callable[[float], Mapping[str, Mapping[str, int]]],
    begin: float,
    now: float,
) -> float:
    """In which minute the first of the last `count` happened, but not before `begin`; hours later, in which hour."""
    low, high = floor(begin, MINUTE), floor(now, MINUTE)
    while low < high:
        middle = low + math.ceil((high - low) / MINUTE / 2) * MINUTE
        if _counted(kind, since(middle)).get(listener_id, 0) >= count:
            low = middle
        else:
            high = middle - MINUTE
    return max(begin, floor(low, grain(low, now)))


def _counted(kind: str, happened: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    words = KINDS[kind]
    return {each: number for each, its in happened.items() if (number := sum(its.get(word, 0) for word in words))}


def _move_on(
    kind: str,
    begin: dict[str, Any],
    part: dict[str, Any],
    counts: Counts,
    listeners: Mapping[str, Listener],
    repeat: float,
    now: float,
) -> None:
    """Now and then, count from a later hour on; what lies an hour back does not change any more."""
    later = floor(now, HOUR) - HOUR
    if later - begin[kind] >= HOUR:
        for listener_id, count in _counted(kind, counts(begin[kind], later)).items():
            its = part.setdefault(listener_id, {})
            its["counted"] = its.get("counted", 0) - count  # below 0: what was not said yet
        begin[kind] = later
    for listener_id, its in list(part.items()):
        if listener_id not in listeners or (not its.get("counted") and has_passed(repeat, its.get("at", 0.0), now)):
            del part[listener_id]
