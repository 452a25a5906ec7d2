"""How troubles name listeners and spans of time."""

from __future__ import annotations

from collections.abc import Sequence

from pulp_events.listeners.listener import Listener

NAMED = 3
"""Listeners or processes that are named, at most."""


def named(listeners: Sequence[Listener]) -> str:
    names = ", ".join(each.name or each.id for each in listeners[:NAMED])
    more = len(listeners) - NAMED
    noun = "listener" if len(listeners) == 1 else "listeners"
    return f"{noun} {names}" + (f" and {more} more" if more > 0 else "")


def span(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h`, `5 d`."""
    for unit, word in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {word}"
    return f"{seconds:.0f} s"
