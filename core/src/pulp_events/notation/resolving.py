"""What a channel is opened with in the place of references: the values that their texts stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from pulp_events.notation.reading import read_secret
from pulp_events.notation.structure import Listing, Object, Pairs, Single, Structure, is_plain, offered, structure
from pulp_events.secrets import holds_reference, is_reference, is_secret_field, resolve


def resolved(field: fields.Field[Any], stored: Any, place: str) -> Any:
    """The value of JSON that is stored, with what its references lead to, which stand where the field is secret.

    Of a whole list each line is one item, a mapping or nested value is JSON; a class of an author's own that is one of
    these is given the text. Raises SettingsError that names `place` for a reference that cannot be read, NotUnderstood
    for a text that stands for no value.
    """
    kind, secret = structure(field), is_secret_field(field)
    if secret and is_reference(stored) and not is_plain(field) and not isinstance(kind, Single):
        return resolve(stored, place)
    return _resolved(kind, stored, place, secret)


def _resolved(kind: Structure, stored: Any, place: str, secret: bool) -> Any:
    """`secret`: all of the value is one."""
    if not holds_reference(stored):
        return stored
    match kind, stored:
        case Single(), _:
            return _single(kind, stored, place) if secret else stored
        case _ if is_reference(stored):
            return read_secret(kind, resolve(stored, place)) if secret else stored
        case Listing(), list():
            return [_resolved(kind.part(number), each, place, secret) for number, each in enumerate(stored)]
        case Pairs(value), Mapping():
            return {key: _resolved(value, each, f"{place} {key}", secret) for key, each in stored.items()}
        case Object(schema), Mapping():
            return {**stored, **_members(schema, stored, place, secret)}
    return stored


def _single(kind: Single, stored: Any, place: str) -> Any:
    found = resolve(stored, place)
    return read_secret(kind, found) if isinstance(found, str) else found


def _members(schema: Any, stored: Mapping[str, Any], place: str, secret: bool) -> dict[str, Any]:
    return {
        key: _resolved(structure(field), stored[key], f"{place} {key}", secret or is_secret_field(field))
        for key, field in offered(schema).items()
        if key in stored
    }
