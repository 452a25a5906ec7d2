"""Fields and arguments that several resources have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""Moments outside of these no calculation with time zones survives."""


class Moment(fields.AwareDateTime):
    """RFC 3339, with its zone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="iso", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        try:
            found: datetime = super()._deserialize(value, attr, data, **options).astimezone(UTC)
        except (OverflowError, TypeError):
            raise ValidationError("Not a valid datetime.") from None
        if not EARLIEST <= found <= LATEST:
            raise ValidationError(f"Must be a time from {EARLIEST:%Y} to {LATEST:%Y}.")
        return found


class Flag(fields.Boolean):
    """`true` or `false`, and nothing that stands for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(truthy={True, "true"}, falsy={False, "false"}, **options)


class PageArguments(Schema):
    """Which page of a list."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200), metadata={"description": "items, at most"})
    cursor = fields.String(
        load_default=None, metadata={"description": "`next` of the page before; without it the first page"}
    )


def moment(description: str, **options: Any) -> fields.String:
    """A time as it is answered: already text."""
    return fields.String(metadata={"format": "date-time", "description": description}, **options)
