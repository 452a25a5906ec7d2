"""What checks the payloads of an event type: made once, when the first of its events is emitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from pulp_events.frozen import thaw
from pulp_events.schemas.fault import INSTALL, Check, Fault, UnusableSchema
from pulp_events.schemas.plain import compiled
from pulp_events.system import guard

_MOST = 20
"""Faults that one payload is told of."""


def check_of(schema: Any) -> Check:
    """The check for a schema that an event type may have. Raises UnusableSchema.

    marshmallow or jsonschema are imported only for the schemas that need them.
    """
    if not isinstance(schema, Mapping):
        return _by_marshmallow(schema)
    return compiled(schema) or _by_jsonschema(schema)


def _by_jsonschema(schema: Mapping[str, Any]) -> Check:
    try:
        from pulp_events.schemas.validator import checked_by_jsonschema
    except ImportError as error:
        raise UnusableSchema(f"it needs the packages jsonschema and regex: {INSTALL}") from error
    return checked_by_jsonschema(schema)


def _by_marshmallow(schema: Any) -> Check:
    with guard.exits("its schema"):
        made = schema() if isinstance(schema, type) else schema

    def check(payload: Any) -> Sequence[Fault]:
        with guard.exits("its schema"):
            # In plain dicts and lists, which its hooks may change.
            errors = made.validate(thaw(payload))
        if not isinstance(errors, dict):
            raise TypeError(f"validate() returned {type(errors).__name__}; it must return a dict")
        if not errors:
            return ()
        from pulp_events.schemas.marshmallow_faults import faults_of

        with guard.exits("its schema"):
            return list(islice(faults_of(errors, made), _MOST))

    return check
