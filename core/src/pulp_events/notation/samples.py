"""Values that a field accepts, found by trying: what an author named, and one of each kind that there is."""

from __future__ import annotations

import datetime as dt
import ipaddress
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, missing, validate

from pulp_events.notation.reading import NotUnderstood, accepts, read
from pulp_events.notation.structure import Listing, Object, Pairs, Single, Structure, is_plain, offered, structure
from pulp_events.notation.writing import choice_values, stored
from pulp_events.secrets import holds_secrets

DEEPEST = 4
"""Levels of objects within each other that are made: a schema may refer to itself."""
UNDECLARED = "undeclared"
"""A key that no schema has, for those that take others than their own."""
_MOMENT = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
_OBJECTS = (
    _MOMENT,
    _MOMENT.replace(tzinfo=None),
    _MOMENT.date(),
    _MOMENT.time(),
    dt.timedelta(minutes=90),
    uuid.UUID("79be77a8-1a20-11e2-aeb9-1803731e94c4"),
    ipaddress.ip_interface("192.0.2.1/24"),
    ipaddress.ip_interface("2001:db8::1/64"),
    ipaddress.ip_address("192.0.2.1"),
    ipaddress.ip_address("2001:db8::1"),
    Decimal("1.5"),
)
"""What a field may load: its own words for it are the most telling."""
_VALUES = (
    "text",
    "https://host.example/",
    "admin@host.example",
    True,
    1,
    1500,
    1.5,
    "1",
    "true",
    "2026-11-24T08:00:00+00:00",
    "2026-11-24",
    "08:00:00",
    ["text"],
    {"key": "text"},
)


def sample(field: fields.Field[Any]) -> Any:
    """The first of `samples`; `missing` where nothing was accepted."""
    return next(samples(field), missing)


def samples(field: fields.Field[Any], levels: int = DEEPEST) -> Iterator[Any]:
    """Values of JSON that the field accepts, those that its author named first; none may be found.

    Raises what making a nested schema raises.
    """
    kind = structure(field)
    seen: list[Any] = []
    # A class of an author's own may load something else than what it is made of.
    others = () if isinstance(kind, Single) or is_plain(field) else _VALUES
    for value in [*_named(field, kind), *_made(kind, levels), *others]:
        if value is not missing and value is not None and accepts(field, value) and (type(value), value) not in seen:
            seen.append((type(value), value))
            yield value


def _named(field: fields.Field[Any], kind: Structure) -> Iterator[Any]:
    """What its metadata has as an example, as it is typed; its default; of a list, what its items may be."""
    if (example := field.metadata.get("example")) is not None:
        try:
            yield read(field, [example]) if isinstance(example, str) else example
        except NotUnderstood:
            yield example
    if field.load_default is not missing and not callable(field.load_default) and not holds_secrets(field):
        yield stored(field, field.load_default)
    if isinstance(kind, Listing):
        yield from ([each] for each in choice_values(field))


def _made(kind: Structure, levels: int) -> Iterator[Any]:
    match kind:
        case Single(field):
            yield from (*choice_values(field), *_bounds(field), *_of_any_kind(field))
        case Listing(parts, fixed):
            firsts = [next(_of(each, levels), missing) for each in parts]
            if missing not in firsts:
                yield firsts
            if not fixed:
                found = list(_of(parts[0], levels))
                yield from ([], found[:2], [*found, *found][:3])
        case Pairs(each, judge):
            known = [each for each in samples(judge, levels) if isinstance(each, str | int | float)]
            keys = [key for key in ("key", *map(str, known), *known) if accepts(judge, key)]
            yield from ({keys[0]: value} for value in [*_of(each, levels)][:3] if keys)
            yield {}
        case Object(schema):
            if levels:
                yield from _objects(schema, levels - 1)


def _of(kind: Structure, levels: int) -> Iterator[Any]:
    return samples(kind.field, levels) if isinstance(kind, Single) else _made(kind, levels)


def _bounds(field: fields.Field[Any]) -> Iterator[Any]:
    """What its own limits name."""
    for check in field.validators:
        if isinstance(check, validate.Range):
            yield from (stored(field, each) for each in (check.min, check.max) if each is not None)
        elif isinstance(check, validate.Length):
            yield "text" * (check.equal or check.min or 0)
    if isinstance(field, fields.Boolean):
        yield from sorted({*field.truthy, *field.falsy} - {True, False}, key=str)


def _of_any_kind(field: fields.Field[Any]) -> Iterator[Any]:
    """Where it is none of the usual ones, its own words for an object come first."""
    own = ["500M", "90m", *(_whole(stored(field, each)) for each in _OBJECTS)]
    usual = accepts(field, "text") or isinstance(field, fields.Number | fields.Boolean)
    yield from (*_VALUES, *own) if usual else (*own, *_VALUES)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _objects(schema: Schema, levels: int) -> Iterator[dict[str, Any]]:
    """With all its fields, and with those alone that must be there."""
    full, least = {}, {}
    for key, field in offered(schema).items():
        value = next(samples(field, levels), missing)
        if value is not missing:
            full[key] = value
            if field.required:
                least[key] = value
    yield from (full, least, {**full, UNDECLARED: "text"})
