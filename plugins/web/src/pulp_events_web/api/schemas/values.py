"""Values that several resources have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events.system.clock import iso_z
from pulp_events.system.scope_text import is_scope

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""Moments outside of these no store can compare, and no calculation with time zones survives."""

TRACE = "trace that the event was emitted in, 32 hex digits (W3C Trace Context); null: in none"


class Moment(fields.AwareDateTime):
    """RFC 3339, with a zone; shown in UTC with `Z`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="iso", **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
        return iso_z(value) if isinstance(value, datetime) else value  # functions of `shown` may give its text

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        found: datetime | None
        try:
            found = super()._deserialize(value, attr, data, **options).astimezone(UTC)
        except (OverflowError, TypeError, ValueError):
            found = None
        if found is None or not EARLIEST <= found <= LATEST:
            raise ValidationError("Give a time from 1970 on, such as 2026-01-02T03:04:05Z.")
        return found


class Text(fields.String):
    """Text that a store can look for: some characters, none of them NUL or half a surrogate pair."""

    def __init__(self, longest: int = 200, **options: Any) -> None:
        super().__init__(validate=validate.Length(1, longest), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **options))
        if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
            raise ValidationError("It has a character that cannot be stored.")
        if text and not text.strip():
            raise ValidationError("It has nothing but blanks.")
        return text


class Flag(fields.Boolean):
    """`true` or `false`, and nothing that stands for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(truthy={True, "true"}, falsy={False, "false"}, **options)


class Object(fields.Dict):
    """A JSON object; what is wrong with one of its values is said of its key, where marshmallow adds `value`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **options)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            found = {key: _of_value(inner) for key, inner in error.messages.items()}
            raise ValidationError(found) from None


def _of_value(found: Any) -> Any:
    if not isinstance(found, dict) or not found.keys() <= {"key", "value"}:
        return found
    return found["value"] if len(found) == 1 and "value" in found else found.get("key", []) + _texts(found.get("value"))


def _texts(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [] if found is None else [str(found)]


class Scope(Text):
    """Whose events: a line of text without blanks at its ends."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if not is_scope(text):
            raise ValidationError("Give a line of text without blanks at its ends.")
        return text


class JsonObject(Object):
    """A JSON object with any values."""

    def __init__(self, **options: Any) -> None:
        super().__init__(keys=fields.String(), **options)


class LookedBackTo(Moment):
    """How far a list of what may be rare was looked through."""

    def __init__(self) -> None:
        super().__init__(
            required=True,
            allow_none=True,
            metadata={
                "description": "null, as a rule. A moment: what fits is rare, and the request ended when it had looked "
                "back to events of then; `items` has what it found, maybe nothing, and `next` goes on"
            },
        )


class Page(Schema):
    """Of a list; `items` comes with each resource."""

    next = fields.String(
        required=True, allow_none=True, metadata={"description": "cursor of the next page; null: this is the last"}
    )
