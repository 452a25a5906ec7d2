"""`Fault`: where a payload does not fit its schema; `UnusableSchema`: where the schema itself is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

INSTALL = "pip install 'pulp-events[schemas]'"
ROOT = "payload"


class UnusableSchema(ValueError):
    """The schema of an event type cannot be used; the text says why."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a payload."""

    path: str
    """Of the value, such as `payload.lines[0].count`."""
    text: str
    """What is wrong with it."""
    kind: str
    """What both are, without numbers and values: it is said once for each kind."""


Check: TypeAlias = Callable[[Any], Sequence[Fault]]
"""Finds the faults of a payload in JSON types; none: it fits."""


def path_of(keys: Iterable[str | int]) -> str:
    """Keys and indexes from the payload down, as one text.

    >>> path_of(["lines", 0, "count"])
    'payload.lines[0].count'
    """
    return ROOT + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
