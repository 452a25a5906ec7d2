"""`EventType` and the registry of those that are known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pulp_events.errors import PluginError, UnknownEventType
from pulp_events.events import pattern as patterns
from pulp_events.frozen import freeze
from pulp_events.system.suggestion import did_you_mean

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\Z")


@dataclass(frozen=True)
class EventType:
    """A dot-separated name, what it announces, and which keys its payload has."""

    name: str
    description: str
    payload: Mapping[str, str] = field(default_factory=dict)
    """Documented shape: key → what it holds. An application may add keys; none is enforced."""

    own: bool = False
    """True for what the event system says of itself; help texts name the application's types only."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.match(self.name):
            raise PluginError(
                f"event type {self.name!r} is not a valid name; use letters, digits, _ and -, in words separated by "
                "dots"
            )
        object.__setattr__(self, "payload", freeze(self.payload))


class EventTypes:
    """The event types that core, plugins and the application registered, by name."""

    def __init__(self, types: Iterable[EventType] = ()) -> None:
        self._types: dict[str, EventType] = {}
        for event_type in types:
            self.register(event_type)

    def register(self, event_type: EventType) -> None:
        """Add a type. The same type again is no error; another one of its name raises PluginError."""
        known = self._types.get(event_type.name)
        if known is not None and known != event_type:
            raise PluginError(f"event type {event_type.name!r} is already registered with another description")
        self._types[event_type.name] = event_type

    def __iter__(self) -> Iterator[EventType]:
        return iter(self._types.values())

    def __len__(self) -> int:
        return len(self._types)

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def names(self) -> list[str]:
        """All names, in the order of registration."""
        return list(self._types)

    def require(self, name: str) -> EventType:
        """The type of this name; raises UnknownEventType, which lists what there is."""
        try:
            return self._types[name]
        except (KeyError, TypeError):
            raise UnknownEventType(f"unknown event type {name!r}{self._hint(name)}; {self._known()}") from None

    def check_pattern(self, text: str) -> None:
        """Raise UnknownEventType unless `text` is a name or a pattern that matches a registered type."""
        if not isinstance(text, str) or not patterns.is_valid(text):
            raise UnknownEventType(
                f"{text!r} is neither an event type nor a pattern; a pattern has words separated by dots, where * "
                f"stands for one word and # for any number of words; {self._known()}"
            )
        if not any(patterns.matches(text, name) for name in self._types):
            what = "pattern" if patterns.is_pattern(text) else "unknown event type"
            verb = " matches no event type" if patterns.is_pattern(text) else ""
            raise UnknownEventType(f"{what} {text!r}{verb}{self._hint(text)}; {self._known()}")

    def _hint(self, text: object) -> str:
        return did_you_mean(str(text), self._types)

    def _known(self) -> str:
        return "known event types: " + ", ".join(self._types)
