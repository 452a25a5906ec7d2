"""Event types that a test asks for: names, patterns and classes, and which of them can have been emitted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pulp_events.errors import InvalidEvent, UnknownEventType
from pulp_events.events.event_model import EventModel
from pulp_events.events.event_type import EventTypes, type_of
from pulp_events.events.pattern import is_pattern, is_valid
from pulp_events.system.suggestion import did_you_mean


def name_of(asked: Any) -> str:
    """The name or pattern, or the name of the type that a class derived from `EventModel` stands for.

    Raises InvalidEvent for anything else, also for text that is neither.
    """
    if isinstance(asked, type) and hasattr(asked, "__event_type__"):
        return type_of(asked).name
    if not isinstance(asked, str) or not is_valid(asked):
        raise InvalidEvent(f"{asked!r:.80} is no event type; ask for a name, a pattern, or a class of EventModel")
    return asked


def check_known(asked: str, registries: Iterable[EventTypes], emitted: Iterable[str]) -> None:
    """Raise UnknownEventType for a name that is in none of the registries of recorded buses, of no class, and was not
    emitted: nothing can have such a type. Patterns, and questions while no bus is recorded, are not checked."""
    known = {name for registry in registries for name in registry.names()}
    if not known or asked in known or is_pattern(asked):
        return
    known.update(emitted, _of_classes(EventModel))
    if asked not in known:
        raise UnknownEventType(
            f"no recorded bus knows the event type {asked!r}{did_you_mean(asked, known)}; correct the name, ask by a "
            "pattern, or register it: EventBus.open(event_types=…)"
        )


def _of_classes(base: type[EventModel]) -> Iterator[str]:
    """Names of the types of classes, which are registered with their first event."""
    for each in base.__subclasses__():
        if each.__event_declared__ is not None:
            yield each.__event_declared__.event_type
        yield from _of_classes(each)
