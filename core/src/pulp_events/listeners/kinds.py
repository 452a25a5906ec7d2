"""Kinds of values that a record has: how each is checked, and what it is in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from pulp_events.errors import InvalidConfig
from pulp_events.system.clock import iso_z
from pulp_events.system.late_imports import imports_late
from pulp_events.system.rate_text import PATTERN
from pulp_events.visible import quoted

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"
"""How a moment is written: ISO 8601 in UTC (RFC 3339 §5.6)."""


class Kind:
    """What all kinds have in common. `name`: of the value, to be named in an error."""

    schema: ClassVar[Mapping[str, Any]]
    """A value in JSON, by JSON Schema."""

    def load(self, name: str, value: Any) -> Any:
        """The value that JSON stands for; ValueError that says what is wrong with it."""
        raise NotImplementedError

    def given(self, name: str, value: Any) -> Any:
        """The value that a program gives, checked; InvalidConfig that says what is wrong with it."""
        try:
            return self.load(name, value)
        except ValueError as error:
            raise InvalidConfig(str(error)) from None

    def dump(self, value: Any) -> Any:
        """The value in JSON."""
        return value


class Text(Kind):
    """Text that is not empty."""

    schema = {"type": "string"}

    def load(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name} is {shown(value)}; it must be text")
        return value


class Expression(Text):
    """JMESPath over the report.

    `load` does not compile it: that takes as long as some searches, so it is done once, for `Listener.condition`.
    """

    @imports_late
    def given(self, name: str, value: Any) -> str:
        from pulp_events.listeners.filters import compile_filter

        compile_filter(value)
        return str(value)


class Texts(Kind):
    """A list of texts."""

    schema = {"type": "array", "items": {"type": "string"}}

    def load(self, name: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError(f"{name} is {shown(value)}; it must be a list of texts")
        return tuple(value)

    def dump(self, value: tuple[str, ...]) -> list[str]:
        return list(value)


class Flag(Kind):
    """True or false."""

    schema = {"type": "boolean"}

    def load(self, name: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{name} is {shown(value)}, which is neither true nor false")
        return value

    def dump(self, value: Any) -> bool:
        return bool(value)


def as_text(value: Any) -> str:
    """A number as people write it, `0` and `100000000` and not `0.0` and `1e+08`; anything else as Python does."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.10g}" if is_number else f"{value!r:.60}"


class Number(Kind):
    """A whole number from 1 up."""

    schema = {"type": "integer", "minimum": 0}

    def __init__(self, most: int) -> None:
        self.most = most

    def load(self, name: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= self.most:
            raise ValueError(f"{name} is {value!r:.60}; give a number from 1 to {self.most}")
        return value


class Seconds(Kind):
    """A time span."""

    schema = {"type": "number"}

    def __init__(self, least: float, most: float) -> None:
        self.least = least
        self.most = most

    def load(self, name: str, value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not self.least <= value <= self.most:
            given, least, most = as_text(value), as_text(self.least), as_text(self.most)
            raise ValueError(f"{name} is {given}; give seconds from {least} to {most}")
        return float(value)


class Durations(Kind):
    """Seconds, one after the other."""

    LONGEST = 1e8
    """Seconds of each, at most."""

    schema = {"type": "array", "items": {"type": "number"}}

    def load(self, name: str, value: Any) -> tuple[float, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{name} is {value!r:.60}; give a list of seconds")
        for step in value:
            if not isinstance(step, int | float) or isinstance(step, bool) or not 0 < step < self.LONGEST:
                raise ValueError(f"{name} has {step!r:.60}; each step is a number of seconds above 0")
        return tuple(value)

    def dump(self, value: tuple[float, ...]) -> list[float]:
        return list(value)


class PerTime(Text):
    """So many in a time: `10/s`."""

    schema = {"type": "string", "pattern": PATTERN}

    @imports_late
    def load(self, name: str, value: Any) -> str:
        from pulp_events.outbox.rate import Rate

        text = super().load(name, value)
        try:
            Rate.of(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        return text


class Moment(Kind):
    """A time with its zone."""

    schema = {"type": "string", "format": "date-time", "pattern": TIME}

    def load(self, name: str, value: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(TEXT.load(name, value))
        except ValueError:
            raise ValueError(f"{name} is {shown(value)}; it must be a time such as 2026-01-02T03:04:05Z") from None
        if moment.tzinfo is None:
            raise ValueError(f"{name} has no time zone")
        return moment

    def dump(self, value: datetime) -> str:
        return iso_z(value)


TEXT, TEXTS, FLAG, MOMENT = Text(), Texts(), Flag(), Moment()
DURATIONS, EXPRESSION, PER_TIME = Durations(), Expression(), PerTime()


def shown(value: object) -> str:
    """A value as an error names it."""
    return "missing" if value is None else quoted(value)
