"""From a field of marshmallow to a control, and from what was typed to a value of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from pulp_events.frozen import thaw
from pulp_events.secrets import holds_secrets, is_secret_field


class NotUnderstood(ValueError):
    """What was typed is not what such a control takes; the text says what is."""


def choices_of(field: Any) -> list[str]:
    """The values that it may have, if its validators name them and they are texts."""
    for each in [*field.validators]:
        if isinstance(each, validate.OneOf) and all(isinstance(choice, str) for choice in each.choices):
            return [*each.choices]
    return []


def kind_of(field: Any) -> str:
    """The control of a field. What it does not know is JSON where it is nested, and text where it is not."""
    nested = isinstance(field, fields.Nested | fields.Mapping | fields.Tuple)
    if is_secret_field(field):
        return "json" if nested else "secret-lines" if isinstance(field, fields.List) else "secret"
    if isinstance(field, fields.Boolean):
        return "check"
    if nested:
        return "json"
    if isinstance(field, fields.List):
        inner = field.inner
        return "json" if isinstance(inner, fields.Nested | fields.Mapping | fields.List | fields.Tuple) else "lines"
    if choices_of(field):
        return "choice"
    if field.metadata.get("read_file") or field.metadata.get("template") == "text" and field.metadata.get("read_file"):
        return "long"
    return "number" if isinstance(field, fields.Integer | fields.Float) else "text"


def is_hidden(field: Any) -> bool:
    """Whether nothing of a stored value may be put into the control: it is a secret, or may have one in it."""
    return is_secret_field(field) or (kind_of(field) == "json" and holds_secrets(field))


def written(kind: str, value: Any) -> str:
    """A stored value as the control has it."""
    if value is None:
        return ""
    if kind == "check":
        return "yes" if value else ""
    if kind == "json":
        return json.dumps(thaw(value), indent=2, ensure_ascii=False)
    if kind == "lines" and isinstance(value, list | tuple):
        return "\n".join(str(each) for each in value)
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(thaw(value), ensure_ascii=False)
    return str(value)


def read(kind: str, text: str, field: Any) -> Any:
    """The value of JSON that was typed; the schema judges it. Raises NotUnderstood."""
    if kind == "json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", "nested too deeply")
            raise NotUnderstood(f"Not valid JSON: {reason}. Write for example {_sample(field)}.") from None
    if kind in ("lines", "secret-lines"):
        inner = getattr(field, "inner", None)
        return [_number(each.strip(), inner) for each in text.splitlines() if each.strip()]
    return _number(text, field)


def _sample(field: Any) -> str:
    return (
        '["one", "two"]'
        if isinstance(field, fields.List | fields.Tuple) or getattr(field, "many", False)
        else '{"key": "value"}'
    )


def _number(text: str, field: Any) -> Any:
    """A number where the field is one and the text too: a strict schema refuses the text of a number."""
    try:
        if isinstance(field, fields.Integer):
            return int(text)
        if isinstance(field, fields.Float):
            return float(text)
    except ValueError:
        pass
    return text
