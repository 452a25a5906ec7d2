"""The templates in a listener's configuration: in fields marked as such, and in texts that look like one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema
from marshmallow import fields as schema_fields

from pulp_events.secrets import holds_secrets, is_reference, is_secret_field, nested_schemas

TEXT, FILES = "text", "files"
"""What a field's metadata `template` says of its value: it is the template, or the path of one or of their folder."""

_LOOKS_LIKE_ONE = re.compile(r"\{\{|\{%")
_LARGEST = 1_000_000
"""Octets of a template file at the most."""
_MOST_FILES = 100


@dataclass(frozen=True)
class TemplateText:
    """One template, or why it cannot be had."""

    where: str
    """Key of the configuration, with the file's name where it stands in a file."""
    source: str = ""
    problem: str = ""
    """Why the source is not known; empty if it is."""


def templates_of(config: Mapping[str, Any], schema: type[Schema] | None) -> Iterator[TemplateText]:
    """The templates of a stored configuration. `schema`: of its notifier; None if that is not installed."""
    fields = {} if schema is None else {each.data_key or name: each for name, each in schema().fields.items()}
    for key, value in config.items():
        field = fields.get(key)
        kind = None if field is None else field.metadata.get("template")
        if kind is None and field is not None and holds_secrets(field) and not _is_looked_into(field):
            continue
        if is_reference(value):
            if kind is not None:
                yield TemplateText(key, problem="it is a reference, which is read only to deliver")
        elif kind == FILES:
            yield from _in_files(key, value)
        elif isinstance(value, str):
            if kind is not None or _LOOKS_LIKE_ONE.search(value):
                yield TemplateText(key, value)
        else:
            yield from _within(key, value, field)


def _is_looked_into(field: Any) -> bool:
    """Of what a nested schema says what is secret, the rest can be looked at."""
    return isinstance(field, schema_fields.Nested) and not is_secret_field(field)


def _within(key: str, value: Any, field: Any) -> Iterator[TemplateText]:
    """Those of the items of a list, and of the values of a mapping."""
    if isinstance(value, Mapping):
        inner = nested_schemas(field) if _is_looked_into(field) else ()
        for found in templates_of(value, next(iter(inner), None)):
            yield TemplateText(f"{key}.{found.where}", found.source, found.problem)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            if isinstance(each, str) and _LOOKS_LIKE_ONE.search(each):
                yield TemplateText(f"{key}[{number}]", each)
            elif not isinstance(each, str):
                yield from _within(f"{key}[{number}]", each, field)


def _in_files(key: str, value: Any) -> Iterator[TemplateText]:
    path = Path(str(value))
    try:
        files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    except OSError as error:
        yield TemplateText(key, problem=f"{path}: {error.strerror}")
        return
    for file in files[:_MOST_FILES]:
        where = f"{key} {file.name}"
        if file.exists() and not file.is_file():  # opening a pipe would wait
            yield TemplateText(where, problem=f"{file}: it is not a file")
            continue
        try:
            with file.open("rb") as opened:
                octets = opened.read(_LARGEST + 1)
            source = octets.decode()
        except OSError as error:
            yield TemplateText(where, problem=f"{file}: {error.strerror}")
        except UnicodeDecodeError:
            if file == path:
                yield TemplateText(where, problem=f"{file}: it is not UTF-8 text")
        else:
            if len(octets) > _LARGEST:
                yield TemplateText(where, problem=f"{file}: it is larger than {_LARGEST} bytes")
            elif file == path or _LOOKS_LIKE_ONE.search(source):
                yield TemplateText(where, source)
