"""From a field of marshmallow to a control, and from what was typed to a value of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, missing

from pulp_events.frozen import thaw
from pulp_events.notation.reading import array, typed
from pulp_events.notation.samples import sample
from pulp_events.notation.structure import Listing, Single, structure
from pulp_events.notation.writing import choices
from pulp_events.secrets import holds_secrets, is_secret_field


class NotUnderstood(ValueError):
    """What was typed is not what such a control takes; the text says what is."""


def choices_of(field: Any) -> list[str]:
    """The values that it may have, as text, if it has one at a time and its type or validators name them."""
    return choices(field) if isinstance(structure(field), Single) else []


def kind_of(field: Any) -> str:
    """The control of a field: what is one value has a line, a list of such a line for each, all else is JSON."""
    kind, secret = structure(field), is_secret_field(field)
    if isinstance(kind, Listing) and kind.plain and not kind.fixed:
        return "secret-lines" if secret else "lines"
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
    if kind == "lines" and isinstance(value, list | tuple):
        lines = [str(each) for each in value]
        if (
            all(each == each.strip() and len(each.splitlines()) == 1 for each in lines)
            and array("\n".join(lines)) is None
        ):
            return "\n".join(lines)
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
    judge = structure(field)
    if isinstance(judge, Listing):
        if kind == "lines" and (whole := array(text)) is not None:
            return whole  # of items that are no lines
        parts = [part.field for part in judge.parts if isinstance(part, Single)]
        return [typed(parts[0], each.strip()) for each in text.splitlines() if each.strip()]
    return typed(field, text)


def _sample(field: Any) -> str:
    """A value as it would be written."""
    value = sample(field)
    return '{"key": "value"}' if value is missing else json.dumps(value, ensure_ascii=False)
