"""Ids for people: beginnings that are unique, or what stands for them. Every command takes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from os.path import commonprefix
from typing import TYPE_CHECKING

from pulp_events.system.ids import is_listener_id
from pulp_events_cli.ids import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulp_events.bus.event_bus import EventBus

SHORTEST = 8
"""Characters that a shortened id has at least: what is unique today is likely to be so tomorrow."""
LONGEST = 13
"""Characters beyond which something shorter is looked for: with as many, UUIDs of different milliseconds are unique."""


def unique_lengths(ids: Iterable[str], known: Iterable[str] = ()) -> dict[str, int]:
    """How long the beginning of each id must be to be that of no other of `ids` and `known`."""
    wanted = set(ids)
    ordered = sorted({*wanted, *known})
    shared = dict.fromkeys(ordered, 0)
    for one, next_one in pairwise(ordered):
        both = len(commonprefix([one, next_one]))
        shared[one] = max(shared[one], both)
        shared[next_one] = max(shared[next_one], both)
    return {each: min(len(each), max(SHORTEST, shared[each] + 1)) for each in wanted}


def listeners(bus: EventBus, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Each listener's id and its beginning."""
    there = bus.listeners.list()
    known = {each.id for each in there}
    deleted = [each for each in ids if each not in known and is_listener_id(each)]
    if deleted and bus.listeners.keeps_history:
        known |= {change.listener_id for change in bus.listeners.history()}
    names = {each.name for each in there}
    lengths = unique_lengths(ids, known)
    return {each: (each, _no_name(each, lengths[each], names) if each in known else each) for each in ids}


def _no_name(listener_id: str, length: int, names: Collection[str | None]) -> str:
    # A name takes precedence over the beginning of an id.
    while listener_id[:length] in names:
        length += 1
    return listener_id[:length]


def named_listeners(bus: EventBus, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Each listener's name, or if it has none its id and the beginning of that."""
    names = {each.id: each.name for each in bus.listeners.list() if each.name is not None}
    short = listeners(bus, ids)
    return {each: (names[each],) if each in names else short[each] for each in ids}


def events(bus: EventBus, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Each event's id and its beginning, or if that is long, what else stands for it."""
    lengths = unique_lengths(ids, bus.outbox.beside(ids))
    begun = {each: each[:length] for each, length in lengths.items()}
    instead = numbered.forms(bus, [each for each, text in begun.items() if len(text) > LONGEST])
    return {each: (each, min(begun[each], instead.get(each, begun[each]), key=len)) for each in ids}


def deliveries(bus: EventBus, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Each delivery's id, and the short form of its event's with its number after it."""
    from pulp_events.outbox.rows import split_id

    parts = {each: split_id(each) for each in ids}
    short = events(bus, list({event_id for event_id, _ in parts.values()}))
    return {each: (each, f"{short[event_id][-1]}.{number}") for each, (event_id, number) in parts.items()}
