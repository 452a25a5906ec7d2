"""What several resources have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events.system.clock import iso_z


class Moment(fields.AwareDateTime):
    """RFC 3339, with a zone; shown in UTC with `Z`."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else iso_z(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        found = super()._deserialize(value, attr, data, **kwargs)
        try:
            moment = found.astimezone(UTC)
        except (OverflowError, ValueError):
            moment = None
        if moment is None or not 1970 <= moment.year < 9999:  # what stores can compare
            raise ValidationError("Give a time from 1970 on, such as 2026-01-02T03:04:05Z.")
        return moment


class Text(fields.String):
    """Text that a store can look for: some characters, none of them NUL or half a surrogate pair."""

    def __init__(self, longest: int = 200, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(1, longest), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
            raise ValidationError("It has a character that cannot be stored.")
        return text


class JsonObject(fields.Dict):
    """A JSON object with any values."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(keys=fields.String(), **kwargs)


class Page(Schema):
    """Of a list; `items` comes with each resource."""

    next = fields.String(
        required=True, allow_none=True, metadata={"description": "cursor of the next page; null: this is the last"}
    )
