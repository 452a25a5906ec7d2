"""The records of the outbox: a delivery and its attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from pulp_events.events.event import Event
from pulp_events.events.report import read_back
from pulp_events.events.trace_context import NO_TRACE, TRACEPARENT, TRACESTATE, trace_id_of
from pulp_events.frozen import FrozenDict
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
    """It compares as its word, such as `pending`."""

    attempts: int = 0
    """Attempts started so far, including the one under way."""

    forgiven: int = 0
    """Attempts before an administrator last retried it: they do not count against the retry schedule."""

    due: datetime | None = None
    """Not to be attempted before this time; None: immediately, or no more. While it is being attempted, the end of the
    lease."""

    finished: datetime | None = None
    """When it entered the state that ended it; None while it is pending."""

    detail: str = ""
    """Detail of the last attempt, or the reason why the delivery ended."""

    lease: str | None = None
    """Token of the claim under which it is being attempted."""

    repeat_of: str | None = None
    """Id of the delivery that it repeats, of the same event: that one had been delivered, and was asked for again."""
    expires: datetime | None = None
    """Not to be attempted from this moment on; None: it does not expire."""

    scope: str | None = None
    """The scope that its event was emitted with; None: without one, or it is not known."""

    scope_known: bool = False
    """See `StoredEvent.scope_known`."""

    about_author: str | None = None
    """See `StoredEvent.about_author`."""

    trace_context: Mapping[str, str] = NO_TRACE
    """That of its event: `traceparent` and maybe `tracestate`, which a notifier sends along; see `Event`."""

    @property
    def trace_id(self) -> str | None:
        """The trace that its event was emitted in, 32 hex digits; None outside of any."""
        return trace_id_of(self.trace_context)

    def as_for_untrusted(self) -> Delivery:
        """The same as an untrusted author, and his endpoint, may have it: without `tracestate`, which says what systems
        of the application's traced it, and with which values of their own (§6.2 of W3C Trace Context)."""
        if TRACESTATE not in self.trace_context:
            return self
        return replace(self, trace_context=FrozenDict({TRACEPARENT: self.trace_context[TRACEPARENT]}))

    @cached_property
    def event(self) -> Event:
        """The event, read back from the report. Raises StoreCorrupt if the report is damaged."""
        of = f"delivery {self.id}"
        head = (self.event_type, self.event_id, self.event_time, self.source, self.trace_context)
        return read_back(of, self.report, *head)


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
