"""Whether what a schema loads can be stored: dumped, it is JSON that loads as the same again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing, utils

from pulp_events.notation.samples import UNDECLARED, sample, samples
from pulp_events.notation.structure import offered
from pulp_events.visible import one_line

_EQUAL = "__eq__"
_NO_JSON = "cannot be stored as JSON ({}); make the field serialise to text or a number"


def faults(schema: type[Schema]) -> Iterator[tuple[str, str]]:
    """The keys whose values do not survive, and what becomes of them, with a remedy; "" for the whole of it.

    What is load_only is stored as it was given. Of a field that accepts nothing that is tried, nothing is said. Raises
    what making the schema raises.
    """
    made = schema()
    known = offered(made)
    values = {key: sample(field) for key, field in known.items()}
    needed = {key: value for key, value in values.items() if known[key].required and value is not missing}
    for key, field in known.items():
        if text := _of_default(field) or _of_absent(known, field, {**needed, key: missing}):
            yield key, text
            continue
        for value in samples(field):
            if text := _fault(field, value, _loaded(known, {**needed, key: value})):
                yield key, text
                break
    yield from _of_all(made, {key: value for key, value in values.items() if value is not missing})


def _loaded(known: Mapping[str, fields.Field[Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields load of the values, as a schema has it."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        if value is not missing:
            utils.set_value(found, known[key].attribute or str(known[key].name), known[key].deserialize(value))
    return found


def _of_absent(known: Mapping[str, fields.Field[Any]], field: fields.Field[Any], given: Mapping[str, Any]) -> str:
    """What is wrong with a field that may be left out, where it is."""
    if field.required or field.load_only:
        return ""
    try:
        field.serialize(str(field.name), _loaded(known, given))
    except Exception as error:  # noqa: BLE001  # a plugin's field may raise anything
        return f"cannot be stored where it is left out: {_said(error)}; make it serialise marshmallow.missing then"
    return ""


def _fault(field: fields.Field[Any], value: Any, around: Mapping[str, Any]) -> str:
    """What is wrong with a value of the field, which has been loaded among others; empty if nothing is."""
    if field.load_only:
        return ""
    loaded = field.deserialize(value)
    try:
        dumped = field.serialize(str(field.name), around)
    except Exception as error:  # noqa: BLE001  # a plugin's field may raise anything
        return f"cannot be stored: {_said(error)} for {value!r:.60}; make the field serialise what it loads"
    if dumped is missing:
        return ""  # stored as it was given
    try:
        dumped = json.loads(json.dumps(dumped, allow_nan=False))
    except (TypeError, ValueError) as error:
        return _NO_JSON.format(error)
    try:
        again = field.deserialize(dumped)
    except Exception as error:  # noqa: BLE001
        return f"is stored as {dumped!r:.60}, which it then refuses ({_said(error)}); make it load what it dumps"
    if not same(loaded, again):
        return (
            f"loads {value!r:.60} as {loaded!r:.60}, and what is stored of it, {dumped!r:.60}, as {again!r:.60}; "
            "make it load what it dumps as the same value"
        )
    return ""


def _of_default(field: fields.Field[Any]) -> str:
    """What is wrong with a default: it is a value like any other."""
    value, name = field.load_default, field.attribute or str(field.name)
    if value is missing or value is None or callable(value):
        return ""
    try:
        json.dumps(field.serialize(str(field.name), {name: value}), allow_nan=False)
    except (TypeError, ValueError) as error:
        return _NO_JSON.format(error)
    except Exception as error:  # noqa: BLE001  # a plugin's field may raise anything
        return f"cannot be stored: {_said(error)} for its default; make the field serialise it"
    return ""


def _of_all(schema: Schema, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the schema itself. One that refuses the samples together cannot be tried."""
    try:
        loaded: object = schema.load({**given, UNDECLARED: "text"})
    except ValidationError:
        try:
            loaded = schema.load(given)
        except ValidationError:
            return
    if not isinstance(loaded, Mapping):
        yield "", f"loads as {type(loaded).__name__}, not as a dict; leave out what makes it one, such as @post_load"
    elif UNDECLARED in loaded:
        yield "", "takes keys that it has no field for, which are not stored; declare a fields.Dict for them"


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return one_line(str(error.messages))[:100]
    return one_line(f"{type(error).__name__}: {error}")[:100]


def same(one: Any, other: Any) -> bool:
    """Whether the values are equal; of objects that cannot be compared, whether they are of one kind."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(each, other[key]) for key, each in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (type(one) is type(other) and _EQUAL not in _defined(type(one)))


def _defined(kind: type) -> set[str]:
    return {name for base in kind.__mro__[:-1] for name in vars(base)}
