"""Payloads and call reports that are made only if they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Dumps(Protocol):
    """A pydantic model, as a payload or a call report."""

    def model_dump(self, *, mode: str, by_alias: bool) -> dict[str, Any]: ...


Given = Mapping[str, Any] | Dumps | Callable[[], Mapping[str, Any] | Dumps | None] | None
"""What `emit` takes: the value, or what makes it. A function is called at most once, and not at all if the event goes
to nobody; what it raises is what `emit` raises."""


def is_lazy(given: object) -> bool:
    """True for what is yet to be called."""
    return callable(given) and not isinstance(given, Mapping)


def value_of(given: Given) -> Mapping[str, Any] | Dumps | None:
    """The value, made now if need be."""
    if given is None or isinstance(given, Mapping) or not callable(given):
        return given
    return given()
