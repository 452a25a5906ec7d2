"""What checks the payloads of an event type: made once, when the first of its events is emitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulp_events.fields import messages
from pulp_events.frozen import thaw
from pulp_events.schemas.fault import Check, Fault, path_of
from pulp_events.schemas.plain import compiled
from pulp_events.system import guard

INSTALL = "pip install 'pulp-events[schemas]'"
_MOST = 20
"""Faults that one payload is told of."""


class UnusableSchema(ValueError):
    """The schema of an event type cannot be used; the text says why."""


def check_of(schema: Any) -> Check:
    """The check for a schema that an event type may have. Raises UnusableSchema.

    marshmallow or jsonschema are imported only for the schemas that need them.
    """
    if not isinstance(schema, Mapping):
        return _by_marshmallow(schema)
    return compiled(schema) or _by_jsonschema(schema)


def _by_jsonschema(schema: Mapping[str, Any]) -> Check:
    try:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing import Registry
    except ImportError as error:
        raise UnusableSchema(f"it needs the package jsonschema: {INSTALL}") from error
    plain = thaw(schema)
    kind = validator_for(plain, default=Draft202012Validator)
    try:
        kind.check_schema(plain)
    except SchemaError as error:
        raise UnusableSchema(f"it is not a JSON Schema: {error.message:.200}, at {error.json_path}") from error
    # A registry of its own: jsonschema's default one fetches what a $ref names, from the network.
    validator = kind(plain, registry=Registry())

    def check(payload: Any) -> list[Fault]:
        found = []
        for error in validator.iter_errors(payload):
            place = path_of(key for key in error.absolute_path if not isinstance(key, int))
            rule = "/".join(map(str, error.schema_path))
            found.append(Fault(path_of(error.absolute_path), _words_of(error), f"{place} {rule}"))
            if len(found) == _MOST:
                break
        return found

    return check


def _words_of(error: Any) -> str:
    """What is wrong, without the value that it is said of, which may be long, or nobody's business."""
    value = repr(error.instance)
    if error.message.startswith(f"{value} "):
        return str(error.message)[len(value) + 1 :][:200]
    return f"does not fit: {error.message:.200}"


def _by_marshmallow(schema: Any) -> Check:
    with guard.exits("its schema"):
        made = schema() if isinstance(schema, type) else schema

    def check(payload: Any) -> Sequence[Fault]:
        with guard.exits("its schema"):
            # In plain dicts and lists, which its hooks may change.
            errors = made.validate(thaw(payload))
        if not isinstance(errors, dict):
            raise TypeError(f"validate() returned {type(errors).__name__}; it must return a dict")
        return [_fault(path, text) for path, text in messages(errors)][:_MOST] if errors else ()

    return check


def _fault(path: str, text: str) -> Fault:
    keys = [int(key) if key.isdecimal() else key for key in path.split(".")] if path else []
    place = path_of(key for key in keys if isinstance(key, str))
    return Fault(path_of(keys), f"does not fit: {text:.200}", f"{place} {text:.80}")
