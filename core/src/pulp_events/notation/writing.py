"""From a value of JSON to the texts that stand for it: the inverse of `reading.py`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from marshmallow import fields, missing, validate

from pulp_events.notation.reading import accepts, is_array, typed
from pulp_events.notation.structure import Listing, Pairs, Single, Structure, structure
from pulp_events.secrets import holds_secrets, is_secret_field


def write(field: fields.Field[Any], value: Any) -> list[str]:
    """The texts of an option, one for each time that it is given, that `read` makes `value` of.

    >>> write(fields.List(fields.String()), ["a", "b"]), write(fields.List(fields.String()), ["a,b"])
    (['a,b'], ['["a,b"]'])
    >>> write(fields.Dict(), {"a": "1", "b": "x=y"})
    ['a=1', 'b=x=y']
    """
    kind = structure(field)
    if isinstance(kind, Listing) and is_secret_field(field) and isinstance(value, list):
        return _secrets(value)
    return _write(kind, value)


def stored(field: fields.Field[Any], loaded: Any) -> Any:
    """What a value that the field loads is in JSON; `missing` where that is none."""
    try:
        name = field.attribute or field.name or "value"
        return json.loads(json.dumps(field._serialize(loaded, name, {name: loaded}), allow_nan=False))
    except Exception:  # noqa: BLE001  # a plugin's field may raise anything
        return missing


def default_text(field: fields.Field[Any]) -> str:
    """The default as one would write it; empty where there is none to be shown, or where a function finds it out."""
    value = field.load_default
    if value is missing or value is None or callable(value) or holds_secrets(field):
        return ""
    dumped = stored(field, value)
    if dumped is missing or dumped is None:
        return str(value)
    if isinstance(dumped, list) and all(isinstance(kind, Single) for kind in _parts(structure(field))):
        return ", ".join(map(_text, dumped))
    return ", ".join(write(field, dumped))


def choices(field: fields.Field[Any]) -> list[str]:
    """What a field, or each item or value of it, may be; nothing where that is not limited."""
    for each in (field, *(kind.field for kind in _parts(structure(field)) if isinstance(kind, Single))):
        if found := choice_values(each):
            return [_text(value) for value in found]
    return []


def choice_values(field: fields.Field[Any]) -> list[Any]:
    """The values of JSON that a field may be, of a list each item of it, where its type or its validators name them."""
    named = [choice for check in field.validators if isinstance(check, validate.OneOf) for choice in check.choices]
    if isinstance(field, fields.Enum):
        named = named or [each for each in field.enum if accepts(field, each)]
    of_items = isinstance(field, fields.List | fields.Tuple | fields.Mapping)
    return [each if of_items else _spelt(field, each) for each in named]


def _spelt(field: fields.Field[Any], choice: Any) -> Any:
    dumped = stored(field, choice)
    return choice if dumped is missing else dumped


def _parts(kind: Structure) -> Sequence[Structure]:
    match kind:
        case Listing():
            return [part for each in kind.parts for part in _parts(each)] if not kind.fixed else []
        case Pairs():
            return _parts(kind.value)
    return [kind]


def _write(kind: Structure, value: Any) -> list[str]:
    if isinstance(kind, Single):
        return [_text(value)]
    if isinstance(kind, Listing) and isinstance(value, list) and kind.plain:
        return _listing(kind, value)
    if isinstance(kind, Pairs) and isinstance(value, dict) and value and not any(map(_unlike_a_key, value)):
        texts = {key: _write(kind.value, each) for key, each in value.items()}
        if all(len(each) == 1 for each in texts.values()):
            return [f"{key}={each[0]}" for key, each in texts.items()]
    return [_json(value)]


def _unlike_a_key(key: Any) -> bool:
    return not isinstance(key, str) or not key or "=" in key or key.lstrip().startswith("{")


def _listing(kind: Listing, items: list[Any]) -> list[str]:
    texts = [_text(each) for each in items]
    simple = all(text and text == text.strip() and "," not in text for text in texts)
    same = all(_stands_for(kind.part(number), *each) for number, each in enumerate(zip(texts, items, strict=True)))
    return [",".join(texts)] if items and simple and same and not texts[0].startswith("[") else [_json(items)]


def _secrets(items: list[Any]) -> list[str]:
    """Of secrets one text is one, commas and all."""
    texts = [_text(each) for each in items]
    return texts if len(texts) == 1 and texts[0] and not is_array(texts[0]) else [_json(items)]


def _stands_for(kind: Structure, text: str, value: Any) -> bool:
    """Whether the text alone is read as the value, or loads as the same."""
    if not isinstance(kind, Single) or text == value:
        return isinstance(kind, Single)
    given = typed(kind.field, text)
    return given == value or (
        accepts(kind.field, given) and kind.field.deserialize(given) == kind.field.deserialize(value)
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
