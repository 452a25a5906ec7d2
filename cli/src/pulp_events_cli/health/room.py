"""The limits of the outbox: how near they are, and what was dropped, beyond them or for another reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pulp_events.health.room import Level, rooms
from pulp_events.outbox.dropped import OTHERS, listed, other_types
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
from pulp_events_cli.output.text import count, local_time

if TYPE_CHECKING:
    from pulp_events.outbox.records import Stats
    from pulp_events.settings.settings import Settings

_STATES = {Level.OK: OK, Level.NEAR: NOTE, Level.BEYOND: PROBLEM, Level.UNKNOWN: PROBLEM}


def check(settings: Settings, stats: Stats, free: int | None) -> Iterator[Finding]:
    """`free`: bytes on the disk of the outbox; None where that cannot be told."""
    for each in rooms(settings.section("events"), stats.pending, free):
        yield Finding(_STATES[each.level], "limits", each.text)
    for one in listed(stats.dropped):
        of = other_types(stats.dropped) if one.event_type == OTHERS else f"type {one.event_type}"
        what = count(one.count, f"event of {of} was", f"events of {of} were")
        why = "the outbox was full, or `emit` failed and only logged it (on_error='log')"
        yield Finding(PROBLEM, "limits", f"{what} dropped, the last at {local_time(one.last)}: {why}")
