"""Erasure: what was stored of an event for the sake of its content is removed; that it was, and went where, stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pulp_events.events.report import serialise_plain

REMOVED = "erased"
"""What stands in place of the details of an erased event's attempts, of its deliveries, and of listeners' health."""
ERASED = "erased by an administrator"
"""Why a delivery is dead that was pending when its event was erased."""
ERASED_AMID = "erased by an administrator while it was being attempted: the receiver may have it"
"""The same of one that was leased: an attempt that is under way cannot be called back."""


def marker(event_type: str, moment: datetime) -> bytes:
    """The report of an erased event.

    >>> marker("repo.sync.start", datetime(2026, 1, 2, 3, 4, 5))
    b'{"call_report":{},"event_type":"repo.sync.start","payload":{"erased":"2026-01-02T03:04:05Z"}}'
    """
    payload = {"erased": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
    return serialise_plain({"call_report": {}, "event_type": event_type, "payload": payload})


@dataclass(frozen=True)
class Erased:
    """How much was erased, or would be."""

    events: int = 0
    pending: int = 0
    """Deliveries that were still to be made, and are dead now."""
    under_way: int = 0
    """How many of these somebody was attempting, or had claimed: their receivers may get the event all the same."""
    details: int = 0
    """Details of attempts."""

    def __add__(self, other: Erased) -> Erased:
        return Erased(
            self.events + other.events,
            self.pending + other.pending,
            self.under_way + other.under_way,
            self.details + other.details,
        )


@dataclass(frozen=True)
class ErasureResult:
    """How an erasure ended."""

    erased: Erased
    interrupted: bool = False
    """It was ended between two steps: what was erased may still be in the store's files."""
    remarks: Sequence[str] = ()
    """Where else something may be left, a sentence each; see `Outbox.scrub`. Also how the expression failed."""
    failed: int = 0
    """Events on which the expression failed: nobody knows whether they were meant, and they are as they were."""
    scope_unknown: int = 0
    """Events whose scope is not known, where those of a scope were asked for: the same holds for them."""


@dataclass(frozen=True)
class Erasure:
    """The record that something was erased. It holds nothing of what was."""

    id: str
    began: datetime
    ended: datetime | None
    """When nothing was left in the store's files; None: that was not reached yet, and the next one will see to it."""
    by: str
    """Who asked for it."""
    asked: str
    """What was to be erased, with the values in it masked."""
    erased: Erased
