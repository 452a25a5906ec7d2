"""What claims about stored events share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pulp_events.outbox.records import NewEvent
from pulp_events.outbox.states import FINISHED
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import StoredEvent
from pulp_events.testing.outbox_contract.home import Home, new_event

KEEP = dict.fromkeys(FINISHED, 100.0)


def alone(event_type: str = "repo.sync.start") -> NewEvent:
    """An event that no listener matched."""
    return replace(new_event(event_type=event_type), deliveries=())


def at(home: Home, event: NewEvent, age: float = 0.0) -> NewEvent:
    """The event as of `age` seconds ago."""
    return replace(event, time=home.time() - age)


def ids(events: Sequence[StoredEvent | NewEvent]) -> list[str]:
    """Their ids."""
    return [each.id for each in events]


def maintained(outbox: Outbox, keep_events: float) -> None:
    """Clean until there is nothing more to do."""
    for _ in range(1000):
        if not outbox.maintain(KEEP, keep_events=keep_events):
            return
    raise AssertionError("cleaning never ends")
