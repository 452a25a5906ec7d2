"""Whether a payload has what a test expects, and where it has not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulp_events.errors import InvalidEvent
from pulp_events.events.jsonable import to_jsonable
from pulp_events.frozen import thaw

MISSING = "(no such key)"


def fits(expected: Any, found: Any, path: str) -> list[tuple[str, Any, Any]]:
    """What differs: path, expected value, and what is there; nothing where all of it fits.

    A mapping fits one that has its keys, and maybe more. Values are compared as JSON has them.

    >>> fits({"id": 7}, {"id": 7, "note": None}, "payload")
    []
    >>> fits({"order": {"id": 7}}, {"order": {"id": 8}}, "payload")
    [('payload.order.id', 7, 8)]
    """
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        faults: list[tuple[str, Any, Any]] = []
        for key, value in expected.items():
            place = f"{path}.{key}"
            faults += fits(value, found[key], place) if key in found else [(place, value, MISSING)]
        return faults
    return [] if _same(expected, found) else [(path, expected, found)]


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, bool) != isinstance(found, bool) and isinstance(expected, int | float):
        return False  # for Python, 1 is True
    if bool(expected == found):
        return True
    try:
        return bool(thaw(to_jsonable(expected, "expected")) == found)
    except InvalidEvent:
        return False
