"""What listeners are called in labels, and which have series of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulp_events_prometheus.tally import Member

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener

OTHER = "other"
"""What the listeners together are called that have no series of their own."""


@dataclass(frozen=True)
class Labels:
    """Of one series."""

    notifier: str
    listener: str


def members(listeners: Iterable[Listener], most: int) -> Mapping[str, Member]:
    """All of them, by id; the `most` oldest are named."""
    in_order = sorted(listeners, key=lambda each: (each.created, each.id))
    return {each.id: Member(each.notifier_type_id, place < most) for place, each in enumerate(in_order)}


def label(listener: Listener) -> str:
    """Its name; its id if it has none, or has the one that stands for the others."""
    return listener.name if listener.name and listener.name != OTHER else listener.id


def labels(listeners: Iterable[Listener], of: Mapping[str, Member]) -> Mapping[str, Labels]:
    """By listener id."""
    return {each.id: Labels(each.notifier_type_id, label(each) if of[each.id].named else OTHER) for each in listeners}
