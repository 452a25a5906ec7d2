"""Lists in pages: `limit` and an opaque `cursor`, which goes on behind the last one that was seen.

What is stored meanwhile moves nothing from one page to another. A cursor is not secret and gives no right: it is
checked like anything else that a client sends.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events.bus.looking import Looked
from pulp_events_web.api.schemas.values import EARLIEST, LATEST

T = TypeVar("T")
Key = Sequence[str | int | datetime]
"""What tells the place of an item in its list."""

MOST = 200
"""Items of a page, at most."""
DEFAULT = 50
_LONGEST = 1024


class Cursor(fields.Field[Any]):
    """`next` of a page before; once loaded, the key in it, whose values are of these kinds."""

    def __init__(self, *kinds: type, **options: Any) -> None:
        super().__init__(metadata={"type": "string", "description": "`next` of the page before"}, **options)
        self.kinds = kinds

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> tuple[Any, ...]:
        try:
            return read(value, self.kinds)
        except (ValueError, TypeError, RecursionError):
            text = "This is no cursor of this list; give `next` of the page before, or leave it out."
            raise ValidationError(text) from None


def written(key: Key) -> str:
    """A cursor for what comes after this key."""
    values = [each.isoformat() if isinstance(each, datetime) else each for each in key]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def read(cursor: object, kinds: Sequence[type]) -> tuple[Any, ...]:
    """The key in a cursor. Raises ValueError, TypeError, RecursionError for what is none of these kinds."""
    if not isinstance(cursor, str) or len(cursor) > _LONGEST or not cursor.isascii():
        raise ValueError("not a cursor")
    values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    if not isinstance(values, list):
        raise ValueError("not a cursor")
    return tuple(_of(kind, value) for kind, value in zip(kinds, values, strict=True))


def _of(kind: type, value: Any) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or not EARLIEST <= moment <= LATEST:
            raise ValueError("no moment")
        return moment
    if type(value) is not kind or (isinstance(value, int) and not 0 <= value < 1 << 62):
        raise ValueError("another kind")
    return value


def paged(*kinds: type) -> type[Schema]:
    """A schema of the query of a list whose keys are of these kinds; to be inherited."""
    return Schema.from_dict(
        {
            "limit": fields.Integer(
                load_default=DEFAULT, validate=validate.Range(1, MOST), metadata={"description": "items of a page"}
            ),
            "cursor": Cursor(*kinds, load_default=None),
        },
        name="Page_" + "_".join(each.__name__ for each in kinds),
    )


def page_of_looked(
    looked: Looked[T], limit: int, key: Callable[[T], Key], left: Callable[[int], Key],
    show: Callable[[Sequence[T]], list[Any]],
) -> Any:  # fmt: skip
    """The answer of a list that may have ended before it was looked through; `left`: the key of what is below a place,
    and was not looked at."""
    answer = page(looked.found, limit, key, show)
    if looked.place is not None:
        answer["next"] = written(left(looked.place))
    return {**answer, "looked_back_to": looked.back_to}


def page(found: Sequence[T], limit: int, key: Callable[[T], Key], show: Callable[[Sequence[T]], list[Any]]) -> Any:
    """The answer, of one more item than `limit` where there are more."""
    kept = found[:limit]
    return {"items": show(kept), "next": written(key(kept[-1])) if len(found) > limit else None}
