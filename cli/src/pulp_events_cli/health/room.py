"""The limits of the outbox: how near they are, and what was dropped beyond them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pulp_events.fields import format_size
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
from pulp_events_cli.output.text import count, local_time

if TYPE_CHECKING:
    from pulp_events.outbox.records import Stats
    from pulp_events.settings.settings import Settings

NEAR = 0.8
"""Share of a limit from which on it is worth a note."""


def check(settings: Settings, stats: Stats, free: int | None) -> Iterator[Finding]:
    """`free`: bytes on the disk of the outbox; None where that cannot be told."""
    events = settings.section("events")
    most, least = events["max_backlog"], events["min_free_disk"]
    if most is not None:
        state = PROBLEM if stats.pending >= most else NOTE if stats.pending >= NEAR * most else OK
        text = f"{stats.pending} of at most {most} deliveries are pending (max_backlog)"
        yield Finding(state, "limits", text + _consequence(events["when_full"], state))
    if least is not None and free is None:
        text = "min_free_disk has no effect: how much space this store has cannot be told; use max_backlog"
        yield Finding(PROBLEM, "limits", text)
    elif least is not None and free is not None:
        state = PROBLEM if free < least else NOTE if NEAR * free < least else OK
        text = f"{format_size(free)} are free, of which {format_size(least)} are to stay so (min_free_disk)"
        yield Finding(state, "limits", text + _consequence(events["when_full"], state))
    for each in stats.dropped:
        what = count(each.count, f"event of type {each.event_type} was", f"events of type {each.event_type} were")
        yield Finding(PROBLEM, "limits", f"{what} dropped, the last at {local_time(each.last)}: the outbox was full")


def _consequence(when_full: str, state: str) -> str:
    return f"; emit {when_full}s events" if state == PROBLEM else ""
