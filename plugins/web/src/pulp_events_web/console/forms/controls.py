"""From a field of marshmallow to a control, and from what was typed to a value of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from pulp_events.fields import Words
from pulp_events.frozen import thaw
from pulp_events.secrets import holds_secrets, is_secret_field


class NotUnderstood(ValueError):
    """What was typed is not what such a control takes; the text says what is."""


MOST_BOXES = 12
"""Choices that are shown as boxes; more are named beside a field with several lines."""


def choices_of(field: Any) -> list[str]:
    """The values that it, or each item of a list, may have, if validators name them and they are texts or numbers."""
    several = isinstance(field, fields.List)
    named = [each for each in field.validators if isinstance(each, validate.ContainsOnly if several else _ONE)]
    named += [each for each in field.inner.validators if isinstance(each, _ONE)] if several else []
    for each in named:
        if all(isinstance(choice, str | int) and not isinstance(choice, bool) for choice in each.choices):
            return [str(choice) for choice in each.choices]
    return []


_ONE = validate.OneOf


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
        if isinstance(inner, fields.Nested | fields.Mapping | fields.List | fields.Tuple):
            return "json"
        return "checks" if 0 < len(choices_of(field)) <= MOST_BOXES else "lines"
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
    if kind in ("lines", "checks") and isinstance(value, list | tuple):
        return "\n".join(str(each) for each in value)
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(thaw(value), ensure_ascii=False)
    return str(value)


def in_words(value: Any) -> str:
    """A default, as help says it."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else written("text", value)


def in_order(field: Any, text: str) -> str:
    """What stands in its boxes, in the order of the choices, and what is none of them last: it is not lost. Of other
    controls, the text."""
    if kind_of(field) != "checks":
        return text
    ticked, choices = dict.fromkeys(filter(None, map(str.strip, text.splitlines()))), choices_of(field)
    return "\n".join([*(each for each in choices if each in ticked), *(each for each in ticked if each not in choices)])


def read(kind: str, text: str, field: Any) -> Any:
    """The value of JSON that was typed; the schema judges it. Raises NotUnderstood."""
    if kind == "json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", "nested too deeply")
            raise NotUnderstood(f"Not valid JSON: {reason}. Write for example {_sample(field)}.") from None
    if kind in ("lines", "secret-lines", "checks"):
        inner = getattr(field, "inner", None)
        lines = text.replace(",", "\n") if isinstance(field, Words) else text  # which has no items with a comma
        return [_number(each.strip(), inner) for each in lines.splitlines() if each.strip()]
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
