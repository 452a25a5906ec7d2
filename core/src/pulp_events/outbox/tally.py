"""What results mean for a listener's health: the rules that each store applies, whatever it counts with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pulp_events.outbox.records import Result
from pulp_events.outbox.states import Transition


@dataclass(frozen=True, slots=True)
class Tally:
    """What some results, in the order in which they came, come to for one listener."""

    succeeded: bool
    """One of them at least was a success, so that failures before it count no more."""
    failures: int
    """How many came since the last success among them, or since the beginning."""
    detail: str
    """What the last one says."""


def tally(results: Iterable[Result]) -> dict[str, Tally]:
    """By listener id, in the order in which they come first."""
    found: dict[str, Tally] = {}
    for result in results:
        listener_id, detail = result.delivery.listener_id, result.attempt.detail
        before = found.get(listener_id)
        if result.transition == Transition.SUCCEED:
            found[listener_id] = Tally(True, 0, detail)
        elif before is None:
            found[listener_id] = Tally(False, 1, detail)
        else:
            found[listener_id] = Tally(before.succeeded, before.failures + 1, detail)
    return found
