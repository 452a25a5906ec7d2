"""What a failed test is told of the events that were emitted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pulp_events.events.pattern import matches
from pulp_events.system.suggestion import did_you_mean
from pulp_events.testing.recording.event import EmittedEvent
from pulp_events.testing.recording.fitting import MISSING, fits
from pulp_events.visible import one_line

LISTED = 30
"""Events that are listed at most; the last ones."""
WIDEST = 300
"""Characters of a payload."""


def expectation(asked: str, wanted: Mapping[str, Any]) -> str:
    """`order.created with order_id=7`."""
    return asked + (" with " + ", ".join(f"{key}={value!r:.60}" for key, value in wanted.items()) if wanted else "")


def in_a_line(asked: str, wanted: Mapping[str, Any], events: Sequence[EmittedEvent]) -> str:
    """What is missing, and the nearest that there is."""
    head = f"no {expectation(asked, wanted)}"
    if not events:
        return f"{head}: nothing was emitted"
    if (near := nearest(asked, wanted, events)) is not None:
        path, expected, found = fits(wanted, near.payload, "payload")[0]
        return f"{head}: the nearest has {path} {_shown(found)}, not {expected!r:.60}"
    names = sorted({each.event_type for each in events})
    return f"{head}{did_you_mean(asked, names)}; emitted: {', '.join(names)}"


def in_full(asked: str, wanted: Mapping[str, Any], events: Sequence[EmittedEvent], uncommitted: Sequence[str]) -> str:
    """The same with all that differs, and all that was emitted."""
    lines = [in_a_line(asked, wanted, events)]
    if (near := nearest(asked, wanted, events)) is not None:
        lines.append(f"nearest: {_line(near)}")
        differences = fits(wanted, near.payload, "payload")
        lines += [f"  {path}: expected {expected!r:.80}, got {_shown(got)}" for path, expected, got in differences]
    return "\n".join([*lines, listing(events, uncommitted)])


def too_many(asked: str, wanted: Mapping[str, Any], events: Sequence[EmittedEvent]) -> str:
    """More than one fits."""
    head = f"{len(events)} events fit {expectation(asked, wanted)}, expected one"
    return "\n".join([head, *(f"  {_line(each)}" for each in events[:LISTED])])


def listing(events: Sequence[EmittedEvent], uncommitted: Sequence[str]) -> str:
    """A line for each event."""
    lines = [f"emitted, in this order ({len(events)}):"] if events else ["nothing was emitted"]
    if len(events) > LISTED:
        lines.append(f"  (the first {len(events) - LISTED} are left out)")
    lines += [f"  {_line(each)}" for each in events[-LISTED:]]
    if uncommitted:
        lines.append(f"in transactions that are open or were rolled back: {', '.join(uncommitted)}")
    return "\n".join(lines)


def nearest(asked: str, wanted: Mapping[str, Any], events: Sequence[EmittedEvent]) -> EmittedEvent | None:
    """Of the events of that type, the last of those that differ least; None where there is none."""
    alike = [each for each in events if matches(asked, each.event_type) and fits(wanted, each.payload, "payload")]
    return min(reversed(alike), key=lambda each: len(fits(wanted, each.payload, "payload")), default=None)


def _line(event: EmittedEvent) -> str:
    text = json.dumps(event.payload, ensure_ascii=False)
    targets = f" → {len(event.deliveries)} deliveries" if event.deliveries else ""
    return one_line(f"{event.event_type} {text if len(text) <= WIDEST else text[: WIDEST - 1] + '…'}{targets}")


def _shown(found: Any) -> str:
    return MISSING if found is MISSING else f"{found!r:.80}"
