"""What can be said of a notifier's schemas by trying them: their defaults, and their own validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing

from pulp_events.notation.samples import sample
from pulp_events.notation.structure import offered
from pulp_events.notation.writing import stored
from pulp_events.notifier import Notifier
from pulp_events.secrets import holds_secrets
from pulp_events.visible import one_line


def defaults_are_accepted(notifier: Notifier) -> Iterator[str]:
    """marshmallow takes a `load_default` as it is; a value that the field refuses cannot be given by anybody else."""
    for place, schema in _schemas(notifier):
        for key, field in offered(schema()).items():
            if said := _refusal(field):
                yield f"{place}{key} refuses its own load_default: {said}; change the one or the other"


def _refusal(field: fields.Field[Any]) -> str:
    default = field.load_default() if callable(field.load_default) else field.load_default
    if default is missing or default is None:
        return ""
    value = stored(field, default)
    try:
        field.deserialize(default if value is missing else value)
    except ValidationError as error:
        return "it is a secret" if holds_secrets(field) else one_line(str(error.messages))[:100]
    return ""


def validation_ends_in_validation_errors(notifier: Notifier) -> Iterator[str]:
    """`@validates_schema` and its like meet configurations in which anything that may be left out is left out."""
    for place, schema in _schemas(notifier):
        seen: set[str] = set()
        for without, given in _givings(schema()):
            said = _raised(schema(), given)
            if said and said not in seen:
                seen.add(said)
                yield (
                    f"{place.strip()}: its validation raises {said} where {without}; use data.get(), and raise nothing "
                    "but ValidationError"
                )


def _givings(schema: Schema) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is left out, and the configuration: all that is known to be accepted, but one; and the least."""
    known = offered(schema)
    samples = {key: value for key, field in known.items() if (value := sample(field)) is not missing}
    needed = {key: value for key, value in samples.items() if known[key].required}
    yield "nothing is left out", samples
    for key in samples:
        if not known[key].required:
            yield f"{key} is left out", {name: value for name, value in samples.items() if name != key}
            yield f"nothing but {key} is given", {**needed, key: samples[key]}
    yield "all that may be is left out", needed


def _raised(schema: Schema, given: Mapping[str, Any]) -> str:
    try:
        schema.load(given)
    except ValidationError:
        return ""
    except Exception as error:  # noqa: BLE001  # a plugin may raise anything
        return one_line(f"{type(error).__name__}: {error}")[:100]
    return ""


def _schemas(notifier: Notifier) -> Iterator[tuple[str, type[Schema]]]:
    yield f"{notifier.type_id} option ", notifier.config_schema
    if notifier.settings_schema is not None:
        yield f"[{notifier.settings_section}] ", notifier.settings_schema
