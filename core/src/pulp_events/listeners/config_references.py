"""References in a listener's configuration before they are read: where they may stand, what is known without them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing

from pulp_events.errors import InvalidConfig
from pulp_events.frozen import thaw
from pulp_events.references import is_misnamed, references_in
from pulp_events.secrets import holds_reference, is_reference, places

_MISNAMED = "The name of an environment variable has only letters (A-Z, a-z), digits and _, no digit first; correct it."


def misplaced(schema: Schema, config: Mapping[str, Any]) -> list[str]:
    """Where references stand that are in no place of a secret: `room`, or `rooms.0.name` inside of a value."""
    return sorted(".".join(at.path) for at in places(schema, config) if not at.is_secret and is_reference(at.value))


def refuse_misplaced(type_id: str, schema: Schema, config: Mapping[str, Any]) -> None:
    """Raise InvalidConfig for references that are in no place of a secret."""
    if wrong := misplaced(schema, config):
        raise InvalidConfig(
            f"invalid {type_id} configuration: {', '.join(wrong)} is not a secret, so it cannot be "
            "a reference to a file or environment variable; give the value itself"
        )


def refuse_misnamed(type_id: str, schema: Schema, config: Mapping[str, Any]) -> None:
    """Raise InvalidConfig for references to environment variables that no shell could set.

    Their names are not said: one may be a secret that was taken for a reference.
    """
    wrong = [at.path for at in places(schema, config) if any(map(is_misnamed, references_in(at.value)))]
    if wrong:
        parts = [(path[0], "".join(f".{each}" for each in path[1:]) + f": {_MISNAMED}") for path in wrong]
        lines = "; ".join(f"{key}{said}" for key, said in parts)
        errors = {".".join(path): [_MISNAMED] for path in wrong}
        raise InvalidConfig(f"invalid {type_id} configuration: {lines}", errors, parts)


def with_secrets(schema: Schema, config: Mapping[str, Any], instead: Callable[[str], Any]) -> dict[str, Any]:
    """The configuration with what `instead` makes of each text that is a secret, wherever it stands."""

    def replaced(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: replaced(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [replaced(each) for each in value]
        return instead(value) if isinstance(value, str) else value

    found: dict[str, Any] = thaw(config)
    for place in places(schema, thaw(config)):
        if place.is_secret:
            _put(found, place.path, replaced(place.value))
    return found


def _put(within: Any, path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        within = within[_key(within, step)]
    within[_key(within, path[-1])] = value


def _key(within: Any, step: str) -> Any:
    """The key or position that a step of a path, which is text, stands for."""
    return int(step) if isinstance(within, list) else next(key for key in within if str(key) == step)


def without_references(schema: Schema, config: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The configuration without what is a reference, and what `Schema.load` is to be told is `partial`.

    Objects lose the keys that are references. A list or mapping that has one among its items is left out whole.
    """
    known = _by_key(schema)
    kept: dict[str, Any] = {}
    absent: set[str] = set()
    for key, value in config.items():
        name, field = known.get(key, (key, None))
        rest, below = _without(field, value)
        if rest is not missing:
            kept[key] = rest
        # marshmallow 3 looks for what is nested by the key, marshmallow 4 by the attribute
        absent |= {f"{each}{path}" for each in (key, name) for path in below}
    return kept, absent


def _without(field: Any, value: Any) -> tuple[Any, set[str]]:
    """The value without references, or `missing`; and paths of what is absent, each with its dot before it."""
    if not holds_reference(value):
        return value, set()
    if is_reference(value):
        return missing, {""}
    if isinstance(value, Mapping) and _is_object(field):
        rest, absent = without_references(field.schema, value)
        return rest, {f".{path}" for path in absent}
    if isinstance(value, list) and not isinstance(field, fields.Pluck | None):
        found = [_without(_item(field, number), each) for number, each in enumerate(value)]
        if not any(rest is missing for rest, _ in found):
            return [rest for rest, _ in found], {path for _, below in found for path in below}
    if isinstance(value, Mapping) and (item := getattr(field, "value_field", None)) is not None:
        by_key = {key: _without(item, each) for key, each in value.items()}
        if not any(rest is missing for rest, _ in by_key.values()):
            return {key: rest for key, (rest, _) in by_key.items()}, {
                path for _, below in by_key.values() for path in below
            }
    return missing, {""}


def faults_beside(schema: Schema, config: Mapping[str, Any]) -> dict[str, Any]:
    """Errors, as of a ValidationError, of what stands beside references in the values of a configuration; these are
    checked when they are read."""
    known = _by_key(schema)
    return _faults((key, known[key][1], value) for key, value in config.items() if key in known)


def _faults(parts: Iterable[tuple[Any, Any, Any]]) -> dict[Any, Any]:
    found = {key: _fault(field, value) for key, field, value in parts if field is not None}
    return {key: fault for key, fault in found.items() if fault}


def _fault(field: Any, value: Any) -> Any:
    if is_reference(value):
        return None
    if not holds_reference(value):
        try:
            field.deserialize(value)
        except ValidationError as error:
            return error.messages
        return None
    if isinstance(value, list):
        return _faults((number, _item(field, number), each) for number, each in enumerate(value))
    if _is_object(field):
        return {**dict(_absent(field.schema, value)), **faults_beside(field.schema, value)}
    return _faults((key, getattr(field, "value_field", None), each) for key, each in value.items())


def _absent(schema: Schema, value: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for key, (_, field) in _by_key(schema).items():
        if field.required and key not in value:
            yield key, [field.error_messages["required"]]


def _is_object(field: Any) -> bool:
    return isinstance(field, fields.Nested) and not isinstance(field, fields.Pluck)


def _item(field: Any, number: int) -> Any:
    """The field of an item; what is nested may be a list of the same."""
    if several := getattr(field, "tuple_fields", None):
        return several[min(number, len(several) - 1)]
    return field if _is_object(field) else getattr(field, "inner", None)


def _by_key(schema: Schema) -> dict[str, tuple[str, Any]]:
    return {field.data_key or name: (name, field) for name, field in schema.fields.items()}
