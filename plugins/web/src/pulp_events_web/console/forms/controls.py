"""From a field of marshmallow to a control, and from what was typed to a value of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, missing

from pulp_events.fields import Words
from pulp_events.frozen import thaw
from pulp_events.notation.reading import is_array, typed
from pulp_events.notation.samples import sample
from pulp_events.notation.structure import Listing, Single, structure
from pulp_events.notation.writing import choices
from pulp_events.secrets import holds_secrets, is_secret_field


class NotUnderstood(ValueError):
    """What was typed is not what such a control takes; the text says what is."""


MOST_BOXES = 12
"""Choices that are shown as boxes; more are named beside a field with several lines."""


def choices_of(field: Any) -> list[str]:
    """The values that it, or each item of a list, may have, as text, if its type or validators name them."""
    kind = structure(field)
    several = isinstance(kind, Listing) and kind.plain and not kind.fixed
    return choices(field) if several or isinstance(kind, Single) else []


def kind_of(field: Any) -> str:
    """The control of a field: what is one value has a line, a list of such a line for each, all else is JSON."""
    kind, secret = structure(field), is_secret_field(field)
    if isinstance(kind, Listing) and kind.plain and not kind.fixed:
        if secret:
            return "secret-lines"
        return "checks" if 0 < len(choices_of(field)) <= MOST_BOXES else "lines"
    if not isinstance(kind, Single):
        return "json"
    if secret:
        return "secret"
    if isinstance(field, fields.Boolean):
        return "check"
    if choices_of(field):
        return "choice"
    if field.metadata.get("read_file"):
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
    if kind == "checks" and isinstance(value, list | tuple):
        return "\n".join(str(each) for each in value)
    if kind == "lines" and isinstance(value, list | tuple):
        lines = [str(each) for each in value]
        if all(each == each.strip() and len(each.splitlines()) == 1 for each in lines) and not is_array(
            "\n".join(lines)
        ):
            return "\n".join(lines)
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(thaw(value), ensure_ascii=False)
    return str(value)


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
    judge = structure(field)
    if isinstance(judge, Listing):
        if kind in ("lines", "secret-lines") and is_array(text):  # of items that are no lines
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                raise NotUnderstood('Begins with [ and is not a JSON array, such as ["a", "b"].') from None
        parts = [part.field for part in judge.parts if isinstance(part, Single)]
        lines = text.replace(",", "\n") if isinstance(field, Words) else text  # which has no items with a comma
        return [typed(parts[0], each.strip()) for each in lines.splitlines() if each.strip()]
    return typed(field, text)


def _sample(field: Any) -> str:
    """A value as it would be written."""
    value = sample(field)
    return '{"key": "value"}' if value is missing else json.dumps(value, ensure_ascii=False)
