"""The limits of the outbox, `[events] max_backlog` and `min_free_disk`: how near they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulp_events.fields import format_size
from pulp_events.outbox.states import Word

NEAR = 0.8
"""Share of a limit from which on it is worth a word."""


class Level(Word):
    """How it stands with a limit."""

    OK = "ok"
    """far from it"""

    NEAR = "near"
    """more than `NEAR` of it"""

    BEYOND = "beyond"
    """reached: `emit` stores no more"""

    UNKNOWN = "unknown"
    """nobody can tell, so that the limit has no effect"""


@dataclass(frozen=True)
class Room:
    """How it stands with one limit that is set."""

    level: Level
    text: str


def rooms(events: Mapping[str, Any], pending: int, free: int | None) -> list[Room]:
    """For each limit in section `[events]`. `pending`: deliveries; `free`: bytes on the disk of the outbox, None where
    that cannot be told."""
    most, least, found = events["max_backlog"], events["min_free_disk"], []
    if most is not None:
        level = Level.BEYOND if pending >= most else Level.NEAR if pending >= NEAR * most else Level.OK
        text = f"{pending} of at most {most} deliveries are pending (max_backlog)"
        found.append(Room(level, text + _consequence(events["when_full"], level)))
    if least is not None and free is None:
        text = "min_free_disk has no effect: how much space this store has cannot be told; use max_backlog"
        found.append(Room(Level.UNKNOWN, text))
    elif least is not None and free is not None:
        level = Level.BEYOND if free < least else Level.NEAR if NEAR * free < least else Level.OK
        text = f"{format_size(free)} are free, of which {format_size(least)} are to stay so (min_free_disk)"
        found.append(Room(level, text + _consequence(events["when_full"], level)))
    return found


def _consequence(when_full: str, level: Level) -> str:
    return f"; emit {when_full}s events" if level == Level.BEYOND else ""
