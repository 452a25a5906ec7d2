"""Counts of dropped events by type: how many types are counted by themselves, as names may be made from data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulp_events.outbox.records import Dropped

MOST_TYPES = 100
"""Event types that are counted by themselves, in a store as in a process that has not told it yet."""
OTHERS = "(other types)"
"""Stands for the types of all other events; no name of a type has parentheses."""
LISTED = 10
"""Event types that are listed for people."""


def listed(dropped: Sequence[Dropped]) -> list[Dropped]:
    """For people: the LISTED types of which most were dropped, then OTHERS for the rest, if there is any."""
    types = sorted((each for each in dropped if each.event_type != OTHERS), key=lambda each: -each.count)
    shown = types[:LISTED]
    rest = [*types[LISTED:], *(each for each in dropped if each.event_type == OTHERS)]
    if rest:
        first, last = min(each.first for each in rest), max(each.last for each in rest)
        total = sum(each.count for each in rest)
        shown.append(replace(rest[0], event_type=OTHERS, count=total, first=first, last=last))
    return shown


def other_types(dropped: Sequence[Dropped]) -> str:
    """Whose events `listed` counts together: `2,991 other types`, or `other types` where the store has lost count."""
    if any(each.event_type == OTHERS for each in dropped):
        return "other types"
    number = len(dropped) - LISTED
    return "one other type" if number == 1 else f"{number:,} other types"
