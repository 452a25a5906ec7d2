"""`EventType` and the registry of those that are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from pulp_events.errors import PluginError, UnknownEventType
from pulp_events.events import pattern as patterns
from pulp_events.frozen import freeze
from pulp_events.system.suggestion import did_you_mean

if TYPE_CHECKING:
    from marshmallow import Schema

PayloadSchema: TypeAlias = "type[Schema] | Schema | Mapping[str, Any]"
"""A marshmallow Schema, class or instance, or a JSON Schema (draft 2020-12)."""

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\Z")
_VERSION = re.compile(r"[A-Za-z0-9_.+-]{0,40}\Z")


@dataclass(frozen=True)
class EventType:
    """A dot-separated name, what it announces, and which keys its payload has."""

    name: str
    description: str
    payload: Mapping[str, str] = field(default_factory=dict)
    """Key → what it holds, for people. Without it, the keys of the schema with their descriptions."""

    own: bool = False
    """True for what the event system says of itself; help texts name the application's types only."""

    schema: PayloadSchema | None = None
    """What payloads are checked against when they are emitted, as `[events] payloads` says: a JSON Schema (a mapping,
    draft 2020-12), or a marshmallow Schema class or instance, which is given the payload as it will be serialised."""

    version: str = ""
    """Of the payload's form, such as `2` or `1.4`: shown, never compared. Letters, digits, `_`, `.`, `+` and `-`."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.match(self.name):
            raise PluginError(
                f"event type {self.name!r} is not a valid name; use letters, digits, _ and -, in words separated by "
                "dots"
            )
        if not isinstance(self.version, str) or not _VERSION.match(self.version):
            raise PluginError(
                f"event type {self.name!r} has the version {self.version!r:.60}; use at most 40 letters, digits and "
                "_ . + -"
            )
        if isinstance(self.schema, Mapping):
            object.__setattr__(self, "schema", freeze(self.schema))
        elif self.schema is not None:
            _check_is_schema(self.name, self.schema)
        payload = self.payload if self.payload or self.schema is None else _described(self.schema)
        object.__setattr__(self, "payload", freeze(payload))


def _check_is_schema(name: str, found: Any) -> None:
    from marshmallow import Schema  # whoever made one has imported it

    if not isinstance(found, Schema) and not (isinstance(found, type) and issubclass(found, Schema)):
        raise PluginError(
            f"event type {name!r} has the schema {found!r:.80}; give a marshmallow Schema or a JSON Schema, which is a "
            "mapping"
        )


def _described(schema: Any) -> dict[str, str]:
    """Key → what it holds, as the schema says."""
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        known = properties if isinstance(properties, Mapping) else {}
        return {
            key: str(each.get("description", "")) if isinstance(each, Mapping) else "" for key, each in known.items()
        }
    made = schema() if isinstance(schema, type) else schema
    return {each.data_key or name: description_of(each) for name, each in made.fields.items()}


def description_of(field: Any) -> str:
    """What a marshmallow field holds, by its metadata."""
    return str(field.metadata.get("help") or field.metadata.get("description") or "")


class StandsForType(Protocol):
    """A class that stands for an event type: an `EventModel`."""

    @classmethod
    def __event_type__(cls) -> EventType: ...


def type_of(given: EventType | type[StandsForType]) -> EventType:
    """The event type, or the one that a class stands for. Raises PluginError for anything else."""
    if isinstance(given, EventType):
        return given
    make = getattr(given, "__event_type__", None)
    found = make() if isinstance(given, type) and make is not None else None
    if not isinstance(found, EventType):
        raise PluginError(f"{given!r:.80} is no event type; give an EventType, or a class derived from EventModel")
    return found


class EventTypes:
    """The event types that core, plugins and the application registered, by name."""

    def __init__(self, types: Iterable[EventType] = ()) -> None:
        self._types: dict[str, EventType] = {}
        self._learnt: set[str] = set()
        self.registrations: int = 0
        """How many types were registered; those that were learnt do not count."""
        self.elsewhere: Callable[[], Iterable[str]] = tuple
        """Names of types that only other processes have: listeners may be made for them, too."""
        for event_type in types:
            self.register(event_type)

    def register(self, *event_types: EventType | type[StandsForType]) -> None:
        """Add types, or classes derived from `EventModel`. The same type again is no error; another one of its name
        raises PluginError."""
        for each in event_types:
            self._register(type_of(each))

    def learn(self, event_types: Iterable[EventType]) -> None:
        """Know types of applications that are not here, as their store remembers them: for programs of administrators.

        Those that are registered here stay as they are; one that is registered later takes the place of what was
        learnt under its name.
        """
        for each in event_types:
            if each.name not in self._types or each.name in self._learnt:
                self._types[each.name] = each
                self._learnt.add(each.name)

    def is_learnt(self, name: str) -> bool:
        """True for what nobody here registered."""
        return name in self._learnt

    def _register(self, event_type: EventType) -> None:
        if event_type.name in self._learnt:
            self._learnt.discard(event_type.name)
            del self._types[event_type.name]
        known = self._types.get(event_type.name)
        if known is not None and known != event_type:
            raise PluginError(
                f"event type {event_type.name!r} is already registered with another description or schema"
            )
        if known is None:
            self._types[event_type.name] = event_type
            self.registrations += 1

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
            raise UnknownEventType(f"unknown event type {name!r:.100}{self._hint(name)}; {self._known()}") from None

    def check_pattern(self, text: str) -> None:
        """Raise UnknownEventType unless `text` is a name or a pattern that matches a registered type."""
        if not isinstance(text, str) or not patterns.is_valid(text):
            raise UnknownEventType(
                f"{text!r:.100} is neither an event type nor a pattern; a pattern has words separated by dots, where * "
                f"stands for one word and # for any number of words; {self._known()}"
            )
        if not any(patterns.matches(text, name) for name in self._types) and not any(
            patterns.matches(text, name) for name in self.elsewhere()
        ):
            what = "pattern" if patterns.is_pattern(text) else "unknown event type"
            verb = " matches no event type" if patterns.is_pattern(text) else ""
            raise UnknownEventType(f"{what} {text!r:.100}{verb}{self._hint(text)}; {self._known()}")

    def _hint(self, text: object) -> str:
        return did_you_mean(str(text), self._types)

    def _known(self) -> str:
        return "known event types: " + ", ".join(self._types)
