"""A notifier's configuration as JSON Schema, for whoever makes forms, options or documents of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulp_events.schemas.fault import INSTALL, UnusableSchema
from pulp_events.schemas.json_schema import DIALECT
from pulp_events.system import guard
from pulp_events.visible import one_line

if TYPE_CHECKING:
    from marshmallow import Schema

    from pulp_events.notifier import Notifier


def json_schema(described: Notifier | type[Schema] | Schema, *, references: bool = False) -> dict[str, Any]:
    """The configuration of a notifier, or what another marshmallow Schema loads, as JSON Schema (draft 2020-12).

    It describes values in the types of JSON: `true` where text such as `yes` would do as well, and an array where a
    list may also be written on one line. What it cannot express, such as a check that is a function, is not in it: a
    value that fits may still be refused. What a listener's record holds always fits `references=True`.

    The metadata of a field is there as:

    - `help`: `description`
    - `secret`: `writeOnly`
    - `local`: `x-local`, where untrusted authors may not set the field
    - `group`: `x-group`
    - `example`: an item of `examples`
    - whatever JSON Schema or OpenAPI knows, such as `type` or `pattern`, and `x-…`: as it stands

    `references`: whether a secret may also be `{"$env": …}` or `{"$file": …}`, as those of trusted authors may.

    Raises ImportError if apispec is not installed, which the extra `schemas` brings; UnusableSchema (a ValueError) if
    the schema cannot be described.

    >>> from marshmallow import Schema, fields
    >>> class Chat(Schema):
    ...     room = fields.String(required=True, metadata={"help": "room to post to"})
    >>> json_schema(Chat)["properties"]
    {'room': {'type': 'string', 'description': 'room to post to'}}
    """
    try:
        from pulp_events.listeners.config_converter import converted
    except ImportError as error:
        raise ImportError(f"json_schema() needs the package apispec: {INSTALL}", name="apispec") from error
    schema = getattr(described, "config_schema", described)
    title = getattr(described, "type_id", None)
    try:
        with guard.exits("its schema"):
            made = converted(schema, references)
    except Exception as error:
        name = title or getattr(schema, "__name__", type(schema).__name__)
        reason = "its schemas are nested without end" if isinstance(error, RecursionError) else str(error)
        raise UnusableSchema(
            f"the schema of {name} cannot be described: {type(error).__name__}: {one_line(reason)[:300]}"
        ) from error
    return {"$schema": DIALECT, **({"title": title} if title else {}), **made}
