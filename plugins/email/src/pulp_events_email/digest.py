"""The events of a window, counted and told in a line each. No input or output here."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pulp_events import Delivery, Event
from pulp_events.system.clock import iso_z
from pulp_events_email.report import indented, read
from pulp_events_email.summary import CANCELLED, FAILED, FINISHED, OTHER, STARTED, SUCCEEDED, Summary, summarise

STATES = (FAILED, CANCELLED, SUCCEEDED, FINISHED, STARTED, OTHER)
"""In the order in which they are told; the first that occurs is the digest's."""


@dataclass(frozen=True)
class Line:
    """One event of a digest."""

    time: datetime
    summary: Summary


@dataclass(frozen=True)
class Digest:
    """What a digest says."""

    lines: tuple[Line, ...]
    """As the events were stored."""

    window: float
    """Seconds."""

    listener_id: str
    """Whose deliveries they are."""

    attached: bool = True
    """Whether the reports come along."""

    @property
    def count(self) -> int:
        """Of events."""
        return len(self.lines)

    @property
    def states(self) -> Mapping[str, int]:
        """How many events there are of each state that occurs."""
        found = Counter(line.summary.state for line in self.lines)
        return {state: found[state] for state in STATES if found[state]}

    @property
    def state(self) -> str:
        """What the whole of it looks like: failed, if anything failed."""
        return next(iter(self.states))

    @property
    def title(self) -> str:
        """`12 events, 2 failed`."""
        events = "1 event" if self.count == 1 else f"{self.count} events"
        failed = self.states.get(FAILED)
        return f"{events}, {failed} failed" if failed else events

    @property
    def period(self) -> str:
        """`2012-10-19 19:00 to 19:15 UTC`: the window, or windows, that the events are of."""
        times = [line.time.timestamp() for line in self.lines]
        first = datetime.fromtimestamp(min(times) // self.window * self.window, UTC)
        last = datetime.fromtimestamp((max(times) // self.window + 1) * self.window, UTC)
        form = "%H:%M" if self.window % 60 == 0 else "%H:%M:%S"
        until = last.strftime(form) if last.date() == first.date() else last.strftime(f"%Y-%m-%d {form}")
        return f"{first.strftime(f'%Y-%m-%d {form}')} to {until} UTC"

    @property
    def see(self) -> str:
        """Where the events are found, for a message that leaves something of them out."""
        return f"`pulp-admin event delivery list --listener-id {self.listener_id}` shows the events."

    @property
    def is_test(self) -> bool:
        """True where there is nothing but a test in it."""
        return all(line.summary.is_test for line in self.lines)


def digest_of(deliveries: Sequence[Delivery], window: float, attached: bool = True) -> Digest:
    """The digest of these deliveries, which are at least one."""
    return Digest(
        tuple(
            Line(one.event_time, summarise(one.event_type, one.event_time, one.source, read(one.report)))
            for one in deliveries
        ),
        window,
        deliveries[0].listener_id,
        attached,
    )


def names(events: Sequence[Event], digest: Digest) -> dict[str, Any]:
    """What templates of digests have, besides `event` and what belongs to it, which is the last one."""
    return {
        "events": events,
        "summaries": [line.summary for line in digest.lines],
        "count": digest.count,
        "counts": digest.states,
        "title": digest.title,
        "period": digest.period,
    }


def digest_id(deliveries: Sequence[Delivery]) -> str:
    """Made of what is in the digest: the same message has the same one, another message another."""
    return hashlib.sha256("\n".join(one.id for one in deliveries).encode()).hexdigest()[:32]


def reports(deliveries: Sequence[Delivery], as_report: bool) -> str:
    """All reports as one JSON text: `{"count": …, "event_types": {…}, "events": [{"id": …, "time": …, …}, …]}`.

    `as_report`: indented by two, as a single report is; else a line for each event.
    """
    types = Counter(one.event_type for one in deliveries)
    head = {"count": len(deliveries), "event_types": dict(sorted(types.items()))}
    entries = [_entry(one, as_report) for one in deliveries]
    if not as_report:
        return f'{{"count": {head["count"]}, "event_types": {json.dumps(head["event_types"])}, "events": [\n' + (
            ",\n".join(entries) + "\n]}\n"
        )
    opening = json.dumps(head, indent=2).removesuffix("\n}")
    events = ",\n".join("    " + entry.replace("\n", "\n    ") for entry in entries)
    return f'{opening},\n  "events": [\n{events}\n  ]\n}}'


def _entry(delivery: Delivery, as_report: bool) -> str:
    about = {"id": delivery.event_id, "time": iso_z(delivery.event_time)}
    try:
        value = about | json.loads(delivery.report)
        return indented(value) if as_report else json.dumps(value)
    except RecursionError:  # nested too deeply to be read
        return json.dumps(about | {"report": delivery.report.decode()})
