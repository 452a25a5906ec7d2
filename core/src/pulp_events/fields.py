"""marshmallow fields that configuration and settings share. Notifier authors may use them too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from marshmallow import ValidationError, fields

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|[smhdw])"


def parse_duration(text: str | float | int) -> float:
    """`text` in seconds: `90`, `"90"`, `"1.5s"`, `"1h 30m"`. Raises ValueError if it is not a duration."""
    if isinstance(text, bool):
        raise ValueError("not a duration")
    if isinstance(text, int | float) or re.fullmatch(r"\s*[0-9]+(\.[0-9]+)?\s*", text):
        seconds = float(text)
    else:
        if not re.fullmatch(rf"(?:{_PART})+\s*", text):
            raise ValueError("not a duration")
        seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))
    if not 0 <= seconds < 1e10:
        raise ValueError("not a duration")
    return seconds


def format_duration(seconds: float) -> str:
    """Short text that `parse_duration` reads back as `seconds`, to the millisecond from 1 s on: `1h 30m`, `250ms`."""
    if 0 < seconds < 0.9995:
        return f"{seconds * 1000:.6f}".rstrip("0").rstrip(".") + "ms"
    parts = []
    rest = round(seconds, 3)
    for unit in ("d", "h", "m"):
        whole = int(rest // _UNITS[unit])
        if whole:
            parts.append(f"{whole}{unit}")
            rest -= whole * _UNITS[unit]
    if rest or not parts:
        parts.append(f"{round(rest, 3):g}s")
    return " ".join(parts)


class Duration(fields.Field[float]):
    """A duration; seconds (float) once loaded. Accepts a number of seconds or text such as `15s`, `30m`, `7d`.

    `minimum`: the smallest value accepted, in seconds.
    """

    def __init__(self, *, minimum: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.minimum = minimum

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        try:
            seconds = parse_duration(value)
        except (ValueError, TypeError):
            raise ValidationError("Not a duration; write for example 15s, 30m, 2h or 7d.") from None
        if seconds < self.minimum:
            raise ValidationError(f"Must be at least {format_duration(self.minimum)}.")
        return seconds

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_duration(value)


_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE = r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(?:i?b)?\s*"


def parse_size(text: str | int) -> int:
    """Bytes that `text` stands for: `4096`, `"500M"`, `"1.5 GiB"`, by powers of 1024. Raises ValueError otherwise.

    >>> parse_size("1.5G") == parse_size("1536 MiB") == 3 << 29
    True
    """
    found = re.fullmatch(_SIZE, str(text), flags=re.IGNORECASE)
    if isinstance(text, bool) or found is None or (size := int(float(found[1]) * _SIZES[found[2].lower()])) >= 1 << 62:
        raise ValueError("not a size")
    return size


def format_size(size: int) -> str:
    """Short text for so many bytes: `512 B`, `1.5 GiB`."""
    if size < 1024:
        return f"{size} B"
    power = min((size.bit_length() - 1) // 10, 4)
    return f"{size / (1 << 10 * power):.1f}".removesuffix(".0") + f" {'KMGT'[power - 1]}iB"


class Size(fields.Field[int]):
    """A number of bytes. Accepts a number, or text such as `500M` or `1.5 GiB`; units are powers of 1024.

    It is dumped as such a text where that is exact, else as the number.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        try:
            return parse_size(value)
        except (ValueError, TypeError, OverflowError):
            raise ValidationError("Not a size; write for example 500M or 2G.") from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | int | None:
        if value is None:
            return None
        text = format_size(value)
        return text if parse_size(text) == value else int(value)


class Words(fields.List[Any]):
    """A list written on one line, separated by commas: `a,b, c`. A real list is accepted too."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return super()._deserialize(value, attr, data, **kwargs)


def messages(errors: Any, prefix: str = "") -> Iterable[tuple[str, str]]:
    """The pairs (path of field, message) of a `ValidationError.messages` tree."""
    if isinstance(errors, dict):
        for key, value in errors.items():
            name = str(key)
            yield from messages(value, prefix if name == "_schema" else f"{prefix}.{name}" if prefix else name)
    elif isinstance(errors, list):
        for value in errors:
            yield from messages(value, prefix)
    else:
        yield prefix, str(errors)
