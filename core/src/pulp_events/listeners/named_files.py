"""The files that a configuration stands on: a channel made before one of them changed is used no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema

from pulp_events.secrets import is_reference


def named_files(schema: Schema, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Paths of the files that a stored configuration, or a section of settings, names, each once.

    They are those of references to files (`{"$file": PATH}`, also as items of lists and mappings), and the values of
    fields whose metadata says `names_file`.
    """
    return files_in(values, file_fields(schema))


def file_fields(schema: Schema) -> frozenset[str]:
    """Keys of the fields that name files."""
    return frozenset(
        field.data_key or name for name, field in schema.fields.items() if field.metadata.get("names_file")
    )


def files_in(values: Mapping[str, Any], names: frozenset[str]) -> tuple[str, ...]:
    """`named_files`, where `file_fields` of the schema are known already."""
    found = [path for key, value in values.items() for path in _paths(value, key in names)]
    return tuple(dict.fromkeys(found))


def _paths(value: Any, is_path: bool) -> Iterator[str]:
    if is_reference(value):
        yield from (path for kind, path in value.items() if kind == "$file")
    elif isinstance(value, str):
        yield from (value,) if is_path and value else ()
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _paths(item, is_path)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item, is_path)
