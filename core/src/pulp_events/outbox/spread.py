"""When what waits for its retry is tried again, once what made it fail was changed. Pure; both stores go by it.

All at once would be too much for an endpoint that was just repaired, and for one that many listeners have: they come
one after the other, over a span that is the longer the more there are. Their order stays, and what leaves together, as
it is due at the same moment, still is.
"""

from __future__ import annotations

from collections.abc import Sequence

SHORTEST = 2.0
"""Seconds over which a single one, or a few, are spread."""
EACH = 0.1
"""Seconds by which each one makes the span longer."""
LONGEST = 60.0
"""Seconds of the longest span. What is due sooner than that stays as it is."""
PAGE = 1000
"""How many are moved in one transaction, at most."""


def spread(due: Sequence[float], now: float, roll: float) -> list[float]:
    """New times for retries that were to be due at these, in rising order; `roll`: a throw of the dice, in [0, 1).

    >>> spread([5000.0, 5000.0, 9000.0], 1000.0, 0.5)
    [1000.5, 1000.5, 1001.5]
    """
    places = {moment: place for place, moment in enumerate(dict.fromkeys(due))}
    step = min(max(SHORTEST, EACH * len(places)), LONGEST) / max(1, len(places))
    return [now + (places[moment] + roll) * step for moment in due]
