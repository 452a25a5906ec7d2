"""The records of the outbox: a delivery and its attempts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pulp_events.errors import StoreCorrupt
from pulp_events.events.event import Event
from pulp_events.outbox.states import Outcome, State


@dataclass(frozen=True, eq=False)
class Delivery:
    """One event for one target of one listener."""

    id: str
    """`EVENT_ID.N`: the same on every attempt, so that a receiver can drop repeats."""

    event_id: str
    event_type: str
    event_time: datetime
    source: str
    report: bytes
    """The JSON report that is sent, UTF-8, serialised once at emit."""

    listener_id: str
    target: str
    """Label of the address, as returned by `Notifier.targets`; empty if the configuration has a single address."""

    state: State = State.PENDING
    """`pending`, `delivered` or `dead`; it compares as that text."""

    attempts: int = 0
    """Attempts started so far, including the one under way."""

    forgiven: int = 0
    """Attempts before an administrator last retried it: they do not count against the retry schedule."""

    due: datetime | None = None
    """Not to be attempted before this time; None: immediately, or no more."""

    finished: datetime | None = None
    """When it was delivered or declared dead."""

    detail: str = ""
    """Detail of the last attempt, or the reason why the delivery ended."""

    lease: str | None = None
    """Token of the claim under which it is being attempted."""

    @cached_property
    def event(self) -> Event:
        """The event, read back from the report. Raises StoreCorrupt if the report is damaged."""
        try:
            body = json.loads(self.report)
            payload, call_report = body["payload"], body["call_report"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise StoreCorrupt(f"the report of delivery {self.id} is damaged; it cannot be read") from error
        return Event(
            event_type=self.event_type,
            payload=payload,
            call_report=call_report,
            id=self.event_id,
            time=self.event_time,
            source=self.source,
        )


@dataclass(frozen=True)
class Attempt:
    """One attempt to send a delivery: when, how long, with which outcome."""

    number: int
    """1 for the first."""

    started: datetime
    duration: float
    """Seconds."""

    outcome: Outcome
    """`delivered`, `transient`, `permanent`, `timeout`, `error` (the notifier raised another exception) or `lost`
    (the process that held the lease died)."""

    detail: str = ""
    """Status line, SMTP code, AMQP outcome or error with an excerpt, at most 1 KiB, never a secret."""

    retry_at: datetime | None = None
    """When the next attempt is due; None if there is none."""
