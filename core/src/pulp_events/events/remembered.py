"""`RememberedType`: an event type of an application as the store keeps it, for programs that do not have it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulp_events.errors import PluginError
from pulp_events.events.event_type import EventType
from pulp_events.frozen import thaw

STALE = 30 * 86400.0
"""Seconds after which a type that no process has told of counts as one that nobody has any more."""
AGAIN = 12 * 3600.0
"""Seconds after which a process tells again that it has a type: what it tells is written only if it is new, or older
than this."""
MOST = 1000
"""Types that a store keeps at most, those that were told of last: somebody may make one for each tenant."""
LONGEST_NAME = 200
LONGEST_TEXT = 2000
"""Characters of a description; longer ones end with `…`."""
MOST_KEYS = 200
LARGEST_SCHEMA = 65536
"""Bytes of a schema as JSON. A larger one is left out: the type is known by the keys of its payload."""


@dataclass(frozen=True)
class RememberedType:
    """One type, and who told of it last."""

    event_type: EventType
    source: str
    """`[events] source` of that process."""
    last_seen: datetime
    """When it told so."""

    @property
    def name(self) -> str:
        """That of the event type."""
        return self.event_type.name

    def is_stale(self, now: datetime) -> bool:
        """True if no process has told of it for long."""
        return (now - self.last_seen).total_seconds() > STALE

    def says_the_same(self, other: RememberedType) -> bool:
        """Whether nothing would be gained by writing it again."""
        recent = abs((self.last_seen - other.last_seen).total_seconds()) < AGAIN
        return recent and self.source == other.source and self.document() == other.document()

    def document(self) -> dict[str, Any]:
        """What is kept of the event type, as JSON."""
        found = self.event_type
        schema = {} if found.schema is None else {"schema": thaw(found.schema)}
        return {"description": found.description, "version": found.version, "payload": dict(found.payload), **schema}


def remembered(
    event_type: EventType, schema: Mapping[str, Any] | None, source: str, last_seen: datetime
) -> RememberedType | None:
    """What is to be kept of a type, cut to a size that harms nobody; None for one whose name is longer than any is.

    `schema`: that of its payload as JSON Schema; None where there is none, or it cannot be shown.
    """
    if len(event_type.name) > LONGEST_NAME:
        return None
    keys = list(event_type.payload.items())[:MOST_KEYS]
    payload = {_short(str(key), LONGEST_NAME): _short(str(text), LONGEST_TEXT) for key, text in keys}
    kept = EventType(
        event_type.name,
        _short(event_type.description, LONGEST_TEXT),
        payload,
        schema=schema if schema is not None and _fits(schema) else None,
        version=event_type.version,
    )
    return RememberedType(kept, _short(source, LONGEST_NAME), last_seen)


def from_document(name: str, document: Any, source: Any, last_seen: datetime) -> RememberedType | None:
    """What was kept; None for what no release of ours wrote."""
    try:
        schema = document.get("schema")
        made = EventType(
            name, str(document["description"]), {str(key): str(text) for key, text in document["payload"].items()},
            schema=schema if isinstance(schema, Mapping) else None, version=document["version"],
        )  # fmt: skip
        return remembered(made, made.schema, str(source), last_seen)  # type: ignore[arg-type]
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, PluginError):
        return None


def merged(kept: Mapping[str, RememberedType], told: Mapping[str, RememberedType]) -> dict[str, RememberedType] | None:
    """What a store keeps from now on, by name, those told of last first where they are too many; None: as before."""
    new = {name: each for name, each in told.items() if name not in kept or not each.says_the_same(kept[name])}
    if not new:
        return None
    found = sorted({**kept, **new}.values(), key=lambda each: each.last_seen, reverse=True)[:MOST]
    return {each.name: each for each in sorted(found, key=lambda each: each.name)}


def _fits(schema: Mapping[str, Any]) -> bool:
    """Whether it is JSON, and not too much of it."""
    try:
        return len(json.dumps(thaw(schema)).encode()) <= LARGEST_SCHEMA
    except (TypeError, ValueError, RecursionError):
        return False


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
