"""What is to be left out of a report that is too large. Only whoever asks pays for it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pulp_events.errors import Reduced
from pulp_events.events.event import Event
from pulp_events.frozen import thaw

_WORTH_OPENING = 256
"""Bytes: of a mapping that is smaller, keys are not left out one by one."""


def parts(event: Event) -> tuple[tuple[str, int], ...]:
    """The values of payload and call report with their bytes in the report, the largest first."""
    found = [
        (f"{name}.{key}", _bytes(key, value))
        for name, values in (("payload", event.payload), ("call_report", event.call_report))
        for key, value in thaw(values).items()
    ]
    return tuple(sorted(found, key=lambda part: -part[1]))


def reduced(event: Event, max_bytes: int) -> Reduced:
    """Payload and call report without as few of their largest values as make a report of `max_bytes` bytes at most.

    A mapping is opened: what is left out of it are its largest values, if that is enough. Raises ValueError where even
    an empty payload is too large.
    """
    body: dict[str, Any] = {
        "call_report": thaw(event.call_report),
        "event_type": event.event_type,
        "payload": thaw(event.payload),
    }
    left_out: list[str] = []
    while (excess := _size(body) - max_bytes) > 0:
        gone = _leave_out(
            body,
            [("payload", key) for key in body["payload"]] + [("call_report", key) for key in body["call_report"]],
            excess,
        )
        if not gone:
            raise ValueError(f"no report of {event.event_type} has as few as {max_bytes} bytes")
        left_out += gone
    return Reduced(body["payload"], body["call_report"], tuple(left_out))


Path = tuple[str, ...]


def _leave_out(body: dict[str, Any], paths: Iterable[Path], excess: int) -> list[str]:
    """Delete the largest of these values until so many bytes are gone, opening what is more than that; what went."""
    gone: list[str] = []
    sized = [(_bytes(path[-1], _inside(body, path[:-1])[path[-1]]), path) for path in paths]
    for size, path in sorted(sized, key=lambda one: -one[0]):
        if excess <= 0:
            break
        inside = _inside(body, path[:-1])
        value = inside[path[-1]]
        if isinstance(value, dict) and len(value) > 1 and size - excess > _WORTH_OPENING:
            return gone + _leave_out(body, [(*path, key) for key in value], excess)
        del inside[path[-1]]
        gone.append(".".join(path))
        excess -= size
    return gone


def _inside(body: dict[str, Any], path: Path) -> dict[str, Any]:
    for key in path:
        body = body[key]
    return body


def _bytes(key: str, value: Any) -> int:
    return _size({key: value}) - 1  # two braces, and no comma


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), check_circular=False).encode())
