"""In which trace events are that are about to be stored: what plugins say, and are told afterwards."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pulp_events.events.trace_context import to_text

if TYPE_CHECKING:
    from pulp_events.bus.emitter import Prepared
    from pulp_events.outbox.records import NewEvent
    from pulp_events.plugins.observers import Observers, ToldOnceStored


class Begun(NamedTuple):
    """An event that somebody traces."""

    event_id: str
    told: Sequence[ToldOnceStored]


def begin(prepared: Sequence[Prepared], stored: Sequence[NewEvent], observers: Observers) -> list[Begun]:
    """Give those of `prepared` that are to be `stored` their trace context. Returns what `end` takes."""
    ids = {each.id for each in stored}
    begun = []
    for event, _, new in prepared:
        if event.id in ids:
            before = event.trace_context
            if told := observers.trace(event):
                begun.append(Begun(event.id, told))
            if event.trace_context is not before:
                new.trace_context = to_text(event.trace_context)
    return begun


def end(begun: Sequence[Begun], there: Container[str], observers: Observers) -> None:
    """They are stored, but for those with the ids of `there`, which had been stored before."""
    for event_id, told in begun:
        if event_id not in there:
            observers.tell_stored(told)
