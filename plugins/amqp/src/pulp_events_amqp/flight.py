"""`Flight`: the deliveries of a channel that were submitted and of which nothing is known yet."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from pulp_events import Delivery
from pulp_events_amqp.outgoing import Key


@dataclass
class Submitted:
    """A delivery on its way."""

    delivery: Delivery
    at: float
    """When it was submitted, of time.monotonic()."""


class Flight:
    """In the order of submission. Keys are never used twice: what is said of an earlier attempt is of nobody's."""

    def __init__(self) -> None:
        self._under_way: dict[Key, Submitted] = {}
        self._due: dict[Key, float] = {}  # of those that were not given up yet, when they are
        self._keys = itertools.count()

    def __len__(self) -> int:
        return len(self._under_way)

    def add(self, delivery: Delivery, now: float, limit: float) -> Key:
        """A delivery is being submitted; it is overdue after `limit` seconds."""
        key = next(self._keys)
        self._under_way[key] = Submitted(delivery, now)
        self._due[key] = now + limit
        return key

    def land(self, key: Key) -> Submitted | None:
        """What has this key is known the outcome of; None if it was forgotten."""
        self._due.pop(key, None)
        return self._under_way.pop(key, None)

    def overdue(self, now: float) -> list[Key]:
        """Keys of what has taken too long; each is named once."""
        found = []
        for key, due in self._due.items():
            if due > now:
                break
            found.append(key)
        for key in found:
            del self._due[key]
        return found

    def next_due(self) -> float | None:
        """When something will be overdue; None if nothing will."""
        return next(iter(self._due.values()), None)

    def keys(self) -> list[Key]:
        """Of all."""
        return list(self._under_way)

    def deliveries(self) -> Iterator[Delivery]:
        """All of them."""
        return (one.delivery for one in self._under_way.values())

    def forget(self) -> None:
        """Wait for nothing from now on."""
        self._under_way.clear()
        self._due.clear()
