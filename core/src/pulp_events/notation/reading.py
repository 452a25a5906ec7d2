"""From the texts of an option to a value of JSON, which the schema then judges.

A text that is no JSON where it must be, or no pair, is refused here; everything else is left to the schema, so that an
error has the same words everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from pulp_events.notation import json_text
from pulp_events.notation.structure import Listing, Object, Pairs, Single, Structure, offered, structure
from pulp_events.secrets import is_reference, is_secret_field

Get = Callable[[str], Any]
"""What a text stands for: itself, the text that it leads to, several such, or a reference."""
_NO_ARRAY = 'begins with [ and is not a JSON array, such as ["a", "b"]'
_IP_LITERAL = re.compile(r"\s*\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[^\]]*)?\]")
"""A host that begins with a bracket and is no JSON (RFC 3986, §3.2.2), such as `[::1]:5672`."""


class NotUnderstood(ValueError):
    """A text that stands for no value; the message says what would."""


@dataclass(frozen=True)
class _Source:
    get: Get = str
    within_json: Get = str
    """For texts in the places of secrets."""

    def json(self, kind: Structure, text: Any, secret: bool) -> Any:
        """The value that a text is in JSON."""
        if not isinstance(text, str):
            raise NotUnderstood("is JSON, which a reference can stand for only as a whole")
        try:
            value = json_text.read(text)
        except ValueError:
            meant = isinstance(kind, Listing) and kind.plain and is_array(text)
            raise NotUnderstood(_NO_ARRAY if meant else "is not JSON") from None
        return _with_secrets(kind, value, self.within_json, secret)


def read(field: fields.Field[Any], texts: Sequence[str], get: Get = str, get_secret: Get = str) -> Any:
    """The value of JSON that the texts, one for each time that the option is given, stand for.

    `get_secret`: what a text stands for that is a secret within JSON. Raises NotUnderstood, never with a text in it.
    """
    return _read(structure(field), apart(field, texts), _Source(get, get_secret), is_secret_field(field))


def apart(field: fields.Field[Any], texts: Sequence[str]) -> Sequence[str]:
    """The texts of an option, each of one secret: of a list of a fixed number of them, one text with as many parts
    between its commas stands for all. Others may have commas of their own."""
    kind = structure(field)
    if not (isinstance(kind, Listing) and kind.fixed and kind.plain and is_secret_field(field) and len(texts) == 1):
        return texts
    parts = [] if is_array(texts[0]) else texts[0].split(",")
    return [part.strip() for part in parts] if len(parts) == len(kind.parts) else texts


def with_secrets(field: fields.Field[Any], value: Any, get_secret: Get) -> Any:
    """A value of JSON that somebody typed, with what the texts of its secrets stand for in their places."""
    return _with_secrets(structure(field), value, get_secret, is_secret_field(field))


def typed(field: fields.Field[Any], text: str) -> Any:
    """The value of JSON that one text stands for: the text itself, or the JSON in it where only that is accepted.

    >>> typed(fields.Integer(strict=True), "5"), typed(fields.String(), "5"), typed(fields.Integer(), "many")
    (5, '5', 'many')
    """
    if accepts(field, text):
        return text
    try:
        value = json_text.read(text)
    except ValueError:
        return text
    return value if not isinstance(value, str | None) and accepts(field, value) else text


def accepts(field: fields.Field[Any], value: Any) -> bool:
    """Whether the field loads the value."""
    try:
        field.deserialize(value)
    except Exception:  # noqa: BLE001  # a plugin's field may raise anything
        return False
    return True


def read_secret(kind: Structure, text: str) -> Any:
    """What the text of a secret that is read from elsewhere stands for. Raises NotUnderstood."""
    get: Get = lines if isinstance(kind, Listing) and kind.plain else str
    return _read(kind, [text], _Source(get), secret=True)


def lines(text: str) -> Any:
    """The secrets in a file: one in each line. What is a JSON array stays as it is."""
    return text if is_array(text) else [line.strip() for line in text.splitlines() if line.strip()]


def _read(kind: Structure, texts: Sequence[str], source: _Source, secret: bool) -> Any:
    """`secret`: all of it is one. A text that is no JSON then is one item, as a secret may have commas of its own."""
    match kind:
        case Single(field):
            value = source.get(texts[-1])
            return typed(field, value) if isinstance(value, str) else value
        case Listing():
            return _listing(kind, texts, source, secret)
        case Pairs():
            return _pairs(kind, texts, source, secret)
        case Object():
            return source.json(kind, source.get(texts[-1]), secret)


def _listing(kind: Listing, texts: Sequence[str], source: _Source, secret: bool) -> list[Any]:
    found: list[Any] = []
    for text in texts:
        value = source.get(text)
        if not isinstance(value, str):
            found += value if isinstance(value, list) else [value]
        elif is_array(value):
            found += source.json(kind, value, secret)
        elif not kind.plain:
            found.append(source.json(kind.part(len(found)), value, secret))
        elif secret:
            found.append(value)
        else:
            found += [part.strip() for part in value.split(",") if part.strip()]
    return [_item(kind.part(number), each) for number, each in enumerate(found)]


def _item(kind: Structure, value: Any) -> Any:
    return typed(kind.field, value) if isinstance(kind, Single) and isinstance(value, str) else value


def _pairs(kind: Pairs, texts: Sequence[str], source: _Source, secret: bool) -> Any:
    if len(texts) == 1 and (whole := _whole(texts[0], source)) is not None:
        return source.json(kind, whole, secret)
    given: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise NotUnderstood("takes KEY=VALUE, and may be repeated; or one JSON object")
        given.setdefault(key, []).append(value)
    return {key: _read(kind.value, values, source, secret) for key, values in given.items()}


def _whole(text: str, source: _Source) -> str | None:
    """The text of a mapping that is one text; None for a pair."""
    if text.lstrip().startswith("{"):
        return text
    value = source.get(text)
    return value if isinstance(value, str) and value.lstrip().startswith("{") else None


def is_array(text: str) -> bool:
    """Whether the text of a list is meant for one in JSON.

    >>> is_array('["a,b"]'), is_array("[a"), is_array("[::1]:5672,[::2]:5672"), is_array("a,b")
    (True, True, False, False)
    """
    return text.lstrip().startswith("[") and not _IP_LITERAL.match(text)


def _with_secrets(kind: Structure, value: Any, get: Get, secret: bool) -> Any:
    """A value that was JSON with what the texts of its secrets stand for in their places."""
    if is_reference(value):
        return value
    match kind, value:
        case Single(), str():
            return get(value) if secret else value
        case ((Single() | Listing()), list()):
            part = kind.part if isinstance(kind, Listing) else lambda _: kind
            return [_with_secrets(part(number), each, get, secret) for number, each in enumerate(value)]
        case ((Single() | Pairs()), dict()):
            one = kind.value if isinstance(kind, Pairs) else kind
            return {key: _with_secrets(one, each, get, secret) for key, each in value.items()}
        case Object(schema), dict():
            known = offered(schema)
            return {
                key: _with_secrets(structure(known[key]), each, get, secret or is_secret_field(known[key]))
                if key in known
                else each
                for key, each in value.items()
            }
    return value
