"""What is counted of a listener, by words, so that it can be added, kept in a file and told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pulp_events.outbox.activity import Activity
from pulp_events.outbox.states import State

ATTEMPT, ENDED, SECONDS, DELAY = "a:", "e:", "s:", "d:"
"""Beginnings of words: `a:timeout` attempts that ended so, `e:dead` deliveries that ended so, `s:-3` attempts and
`d:12` deliveries with seconds in that bucket (`pulp_events.outbox.histogram`)."""
DISCARDED = "discarded"
"""How a delivery ended that was given up without an attempt."""

Counts = Mapping[str, int]


def of_activity(found: Activity) -> Counter[str]:
    """The words of what happened to a listener's deliveries."""
    counts: Counter[str] = Counter({f"{ATTEMPT}{outcome}": count for outcome, count in found.attempts.items()})
    for state, count in ((State.DELIVERED, found.delivered), (State.DEAD, found.dead), (DISCARDED, found.discarded)):
        if count:
            counts[f"{ENDED}{state}"] = count
    for beginning, histogram in ((SECONDS, found.seconds), (DELAY, found.delay)):
        counts.update({f"{beginning}{bucket}": count for bucket, count in histogram.counts.items()})
    return counts


def only(counts: Counts, *beginnings: str) -> dict[str, int]:
    """The words that begin so."""
    return {word: count for word, count in counts.items() if word.startswith(beginnings)}


def of_listener(counts: Counts) -> dict[str, int]:
    """What is told of a listener."""
    return only(counts, ATTEMPT, ENDED)


def of_type(counts: Counts) -> dict[str, int]:
    """What is told of a notifier type."""
    return only(counts, SECONDS, DELAY)
