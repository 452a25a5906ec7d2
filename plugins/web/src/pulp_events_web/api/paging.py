"""Lists in pages: `limit` and an opaque `cursor`, which goes on behind the last one that was seen.

What is stored meanwhile moves nothing from one page to another. A cursor is not secret and gives no right: it is
checked like anything else that a client sends.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError, fields, validate

T = TypeVar("T")
Key = int | Sequence[str | int]
"""Of an item: the place of an event, or the id of a delivery with the place of its event."""

MOST = 200
"""Items of a page, at most."""
DEFAULT = 50
_LONGEST = 1024


class Cursor(fields.Field[Any]):
    """The key in the `next` of a page before: a whole number, or for `list` an id and a number, once loaded."""

    def __init__(self, kind: type, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "string", "description": "`next` of the page before"}, **kwargs)
        self.kind = kind

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            found = decode(value)
        except ValueError:
            found = None
        parts = found if isinstance(found, list) else [found]
        kinds = [str, int] if self.kind is list else [self.kind]
        if [type(each) for each in parts] != kinds or not 0 <= parts[-1] < 1 << 62:
            raise ValidationError("Not a cursor; give the value of `next` of the page before, or leave it out.")
        return found


def encode(key: Key) -> str:
    """A cursor for what comes after this key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode(text: object) -> object:
    """The key in a cursor. Raises ValueError."""
    if not isinstance(text, str) or len(text) > _LONGEST or not text.isascii():
        raise ValueError("not a cursor")
    try:
        return json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, RecursionError) as error:
        raise ValueError("not a cursor") from error


def paged(kind: type) -> type[Schema]:
    """A schema of the query of a list whose keys are of this kind; to be inherited."""
    return Schema.from_dict(
        {
            "limit": fields.Integer(
                load_default=DEFAULT, validate=validate.Range(1, MOST), metadata={"description": "items of a page"}
            ),
            "cursor": Cursor(kind, load_default=None),
        },
        name=f"Page_{kind.__name__}",
    )


def page(found: Sequence[T], limit: int, key: Callable[[T], Key], show: Callable[[Sequence[T]], list[Any]]) -> Any:
    """The answer, of one more item than `limit` where there are more."""
    kept = found[:limit]
    return {"items": show(kept), "next": encode(key(kept[-1])) if len(found) > limit else None}
