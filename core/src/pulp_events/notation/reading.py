"""From the texts of an option to a value of JSON, which the schema then judges.

A text that is no JSON where it must be, or no pair, is refused here; everything else is left to the schema, so that an
error has the same words everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import fields

from pulp_events.notation.structure import Listing, Object, Pairs, Single, Structure, is_plain, structure
from pulp_events.secrets import is_reference, is_secret_field

Get = Callable[[str], Any]
"""What a text stands for: itself, the text that it leads to, several such, or a reference."""


class NotUnderstood(ValueError):
    """A text that stands for no value; the message says what would."""


def read(field: fields.Field[Any], texts: Sequence[str], get: Get = str) -> Any:
    """The value of JSON that the texts, one for each time that the option is given, stand for.

    Raises NotUnderstood, never with a text in it.
    """
    return _read(structure(field), texts, get, apart=is_secret_field(field))


def typed(field: fields.Field[Any], text: str) -> Any:
    """The value of JSON that one text stands for: the text itself, or the JSON in it where only that is accepted.

    >>> typed(fields.Integer(strict=True), "5"), typed(fields.String(), "5"), typed(fields.Integer(), "many")
    (5, '5', 'many')
    """
    if accepts(field, text):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if not isinstance(value, str | None) and accepts(field, value) else text


def resolved(field: fields.Field[Any], stored: Any, value: Any) -> Any:
    """`value`, in which texts stand in the place of the references that `stored` has, in JSON.

    Of a whole list each line is one item, a mapping or nested value is JSON; a class of an author's own that is one of
    these is given the text. Raises NotUnderstood.
    """
    if is_reference(stored) and not is_plain(field) and not isinstance(structure(field), Single):
        return value
    return _resolved(structure(field), stored, value)


def _resolved(kind: Structure, stored: Any, value: Any) -> Any:
    if is_reference(stored):
        return _read(kind, [value], _lines if isinstance(kind, Listing) and kind.plain else str, apart=True)
    if isinstance(stored, list) and isinstance(kind, Listing):
        pairs = enumerate(zip(stored, value, strict=True))
        return [_resolved(kind.part(number), *each) if is_reference(each[0]) else each[1] for number, each in pairs]
    if isinstance(stored, Mapping) and isinstance(kind, Pairs):
        return {
            key: _resolved(kind.value, each, value[key]) if is_reference(each) else each for key, each in stored.items()
        }
    return value


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def accepts(field: fields.Field[Any], value: Any) -> bool:
    """Whether the field loads the value."""
    try:
        field.deserialize(value)
    except Exception:  # noqa: BLE001  # a plugin's field may raise anything
        return False
    return True


def _read(kind: Structure, texts: Sequence[str], get: Get, apart: bool) -> Any:
    """`apart`: a text is one item, as a secret may have commas and brackets of its own."""
    match kind:
        case Single(field):
            value = get(texts[-1])
            return typed(field, value) if isinstance(value, str) else value
        case Listing():
            return _listing(kind, texts, get, apart and kind.plain)
        case Pairs(each, _):
            return _pairs(each, texts, get, apart)
        case Object():
            return _json(get(texts[-1]))


def _listing(kind: Listing, texts: Sequence[str], get: Get, apart: bool) -> list[Any]:
    found: list[Any] = []
    for text in texts:
        value = get(text)
        if not isinstance(value, str):
            found += value if isinstance(value, list) else [value]
        elif apart:
            found.append(value)
        elif (whole := array(value)) is not None:
            found += whole
        elif kind.plain:
            found += [part.strip() for part in value.split(",") if part.strip()]
        else:
            found.append(_json(value))
    return [_item(kind.part(number), each) for number, each in enumerate(found)]


def _item(kind: Structure, value: Any) -> Any:
    return typed(kind.field, value) if isinstance(kind, Single) and isinstance(value, str) else value


def _pairs(kind: Structure, texts: Sequence[str], get: Get, apart: bool) -> Any:
    if len(texts) == 1 and (whole := _whole(texts[0], get)) is not None:
        return whole
    given: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise NotUnderstood("takes KEY=VALUE, and may be repeated; or one JSON object")
        given.setdefault(key, []).append(value)
    return {key: _read(kind, values, get, apart) for key, values in given.items()}


def _whole(text: str, get: Get) -> Any:
    """A mapping that is one text; None for a pair."""
    if text.lstrip().startswith("{"):
        return _json(text)
    value = get(text)
    return _json(value) if isinstance(value, str) and value.lstrip().startswith("{") else None


def array(text: str) -> list[Any] | None:
    """The list that a text is in JSON; None if it is none."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None  # such as [::1]:5672
    return value if isinstance(value, list) else None


def _json(text: Any) -> Any:
    if not isinstance(text, str):
        raise NotUnderstood("is JSON, which a reference can stand for only as a whole")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise NotUnderstood("is not JSON") from None
