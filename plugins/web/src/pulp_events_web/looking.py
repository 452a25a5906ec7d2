"""Lists whose filter may fit little of what is kept: what a request looks at is bounded, and its answer says so.

What an index leads to is there at once. For the rest, a request looks on for a second in a place of its own (`places`),
so that the server has threads for others however many ask for what there is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from werkzeug.exceptions import TooManyRequests

from pulp_events.bus.looking import Looked
from pulp_events_web.context import taking_long

T = TypeVar("T")

QUICK = 0.1
"""Seconds that each request may look."""
LONG = 1.0
"""Seconds that it may look on where it finds a place."""


def looked(look: Callable[[int, int | None, float], Looked[T]], limit: int) -> Looked[T]:
    """What `look(limit, place, seconds)` finds, first without a place, then from `place` on; where all places are
    taken, what was found by then."""
    first = look(limit, None, QUICK)
    if first.place is None:
        return first
    try:
        with taking_long():
            rest = look(limit - len(first.found), first.place, LONG)
    except TooManyRequests:
        return first
    return Looked([*first.found, *rest.found], rest.place, rest.back_to)
