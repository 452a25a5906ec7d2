"""What help says of an option that is made from a field: its text, what may be written, and the default.

What the author's own text says already, such as that a list is separated by commas, is not said again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from marshmallow import fields, missing

from pulp_events.notation.reading import accepts
from pulp_events.notation.samples import sample
from pulp_events.notation.structure import Listing, Pairs, Single, Structure, structure
from pulp_events.notation.writing import choices, default_text, write
from pulp_events.secrets import holds_secrets, is_secret_field
from pulp_events_cli import option_values

_SAID = {"such as": r"such as|for example", "repeated": r"\b(repeated|commas?)\b"}

_PLAIN = (fields.String, fields.Number, fields.Boolean)


def option_help(field: fields.Field[Any], updating: bool, negative: str = "") -> str:
    """The text for an option, fit for argparse. `negative`: the option that says the contrary, where there is one."""
    own = str(next(filter(None, map(field.metadata.get, ("cli_help", "help", "description"))), ""))
    default = "" if updating else default_text(field)
    parts = [own, *notation(field, own, bool(default))]
    if negative and negative not in own:
        parts.append(f"{negative} for false")
    if default:
        parts.append(f"default: {default}")
    parts.append(option_values.help_of(option_metadata(field)))
    return "; ".join(part for part in parts if part).replace("%", "%%") or "no description"  # argparse's placeholder


def option_metadata(field: fields.Field[Any]) -> dict[str, Any]:
    """The field's own, and what follows from the secrets in it: a structure that has some need not be typed in."""
    if is_secret_field(field):
        return {**field.metadata, "secret": True}
    return (
        {**field.metadata, "read_file": True, "secret_within": True} if holds_secrets(field) else dict(field.metadata)
    )


def metavar(key: str, field: fields.Field[Any]) -> str:
    """What stands for the value in a synopsis."""
    return "KEY=VALUE" if isinstance(structure(field), Pairs) else key.upper()


def notation(field: fields.Field[Any], said: str = "", has_default: bool = False) -> Iterator[str]:
    """How a value is written, in so far as `said` does not say it. `has_default`: a default is shown, as an example."""
    kind, secret, named = structure(field), is_secret_field(field), choices(field)
    how = [_form(field, kind)]
    if not (named or has_default or secret or _is_said("such as", said)) and _wants_example(kind):
        example = example_text(field)
        how += [f"such as {example}"] * bool(example)
    yield ", ".join(each for each in how if each)
    if named and not secret:
        yield f"one of {', '.join(named)}"
    if not isinstance(kind, Single) and not _is_said("repeated", said):
        if isinstance(kind, Listing) and kind.plain and not secret:
            yield "in this order, separated by commas" if kind.fixed else "separated by commas"
        elif isinstance(kind, Pairs | Listing):
            yield "may be repeated"


def _form(field: fields.Field[Any], kind: Structure) -> str:
    match kind:
        case Single():
            return f"in {field.precision}" if isinstance(field, fields.TimeDelta) else ""
        case Listing(plain=True):
            return ""
        case Pairs(value):
            return f"KEY={_value(value)}"
    return "JSON"


def example_text(field: fields.Field[Any]) -> str:
    """A value as it is typed, of a mapping one pair, of a list that is JSON one item; empty where none is known."""
    value: Any = field.metadata.get("example")
    if isinstance(value, str):
        return value
    if value is None:
        value = sample(field)
    if value is missing:
        return ""
    kind = structure(field)
    if isinstance(kind, Listing) and not kind.plain and isinstance(value, list) and value and _one_is_enough(kind):
        return json.dumps(value[0], ensure_ascii=False)
    return write(field, value)[0]


def _one_is_enough(kind: Listing) -> bool:
    """Whether one item may be given alone: a list of lists is given as a whole."""
    return not kind.fixed and not isinstance(kind.parts[0], Listing)


def _value(kind: Structure) -> str:
    match kind:
        case Single():
            return "VALUE"
        case Listing(plain=True):
            return "VALUE,VALUE"
    return "JSON"


def _wants_example(kind: Structure) -> bool:
    """Whether the kind of the value does not say how it is written, as that of texts and numbers does."""
    match kind:
        case Single(field):
            return not (isinstance(field, fields.String | fields.Number | fields.Boolean) or accepts(field, "any text"))
        case Listing():
            return kind.fixed or not kind.plain or any(map(_wants_example, kind.parts))
        case Pairs():
            return _wants_example(kind.value)
    return True


def _is_said(what: str, text: str) -> bool:
    return re.search(_SAID[what], text, re.IGNORECASE) is not None
