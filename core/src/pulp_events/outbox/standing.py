"""What keeps a whole listener's deliveries waiting, as far as the outbox knows: for whoever asks why they wait."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pulp_events.system.clock import from_timestamp


class HoldCause(StrEnum):
    """Why a dispatcher leaves a listener alone for a while."""

    CIRCUIT = "circuit"
    """attempts failed one after the other; when the hold ends, a single one is made and decides"""
    PAUSE = "pause"
    """its receiver asked for it (`Retry-After`)"""
    SECRET = "secret"
    """a secret could not be read in that process; the receiver was not asked"""


@dataclass(frozen=True, slots=True)
class Hold:
    """A dispatcher makes no attempt of a listener's deliveries before a moment."""

    cause: HoldCause
    until: float
    """Seconds since the epoch."""
    by: str | None = None
    """`Presence.id` of the process that leaves it alone; None for one of which the store had no beat."""

    def to_text(self) -> str:
        """For a store that keeps it as text."""
        return json.dumps([self.cause, self.until, self.by])

    @classmethod
    def of_text(cls, text: str) -> Hold | None:
        """From that text; None if it is none."""
        try:
            cause, until, *by = json.loads(text)  # an older release did not say whose it is
            return cls(HoldCause(cause), float(until), str(by[0]) if by and by[0] is not None else None)
        except (ValueError, TypeError):
            return None

    @property
    def ends(self) -> datetime:
        """`until`, as a datetime."""
        return from_timestamp(self.until)


PLACES = 1000
"""Deliveries of a listener whose place among those that are due is told, at most."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a listener stands."""

    hold: Hold | None = None
    """The last that a dispatcher told of; it may be over."""
    spent_until: float | None = None
    """Of a listener with a rate, up to when the tokens that were taken last: seconds since the epoch, see `Rate`."""
    first: str | None = None
    """Where it was asked for: id of the oldest delivery that is pending."""
    first_due: datetime | None = None
    """When that one is due; None: at once."""
    queue: Sequence[str] = ()
    """Where it was asked for: ids of the oldest `PLACES` deliveries that are due, in the order of their events."""
