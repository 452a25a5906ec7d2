"""Text of server.conf that an INI file takes otherwise than its author: as part of a value that is then valid."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, fields

from pulp_events.fields import Duration, Size

_ONE_LINE = (fields.String, fields.Number, fields.Boolean, Duration, Size)
_CONTINUED = re.compile(r"(\A|[^,\s])\s*[\r\n]")
"""Goes on in another line, and not after a comma, as text that lists several, such as addresses of brokers, may."""
_QUOTED = re.compile(r"""(["']).*\1""", re.DOTALL)
_COMMENT = re.compile(r"\s[#;]")
OWN_LINE = "a comment needs a line of its own"


def first(
    schema: Schema, given: Mapping[str, str | list[str]], in_file: Callable[[str], bool]
) -> tuple[str, str] | None:
    """The first key whose text cannot be meant as it stands, and what is wrong with it, without a word of the text.

    `in_file`: whether the text of a key stands in server.conf; what is peculiar to that is looked for there only. In
    what names a file or folder, quotes and a comment would become a part of the name.
    """
    known = {field.data_key or name: field for name, field in schema.fields.items()}
    for key, text in given.items():
        if key in known and isinstance(text, str):
            fault = _of_digits(known[key], text) or (_fault(known[key], text) if in_file(key) else "")
            if fault:
                return key, fault
    return None


def _of_digits(field: fields.Field[Any], text: str) -> str:
    wrong = isinstance(field, fields.Number) and not text.isascii()
    return "is not written in the digits 0 to 9" if wrong else ""


def _fault(field: fields.Field[Any], text: str) -> str:
    if isinstance(field, _ONE_LINE) and not field.metadata.get("template") and _CONTINUED.search(text):
        return (
            "has several lines, as an indented line belongs to the value above it; write the value in the line of its "
            "key, and begin each setting at the start of its line"
        )
    if not (field.metadata.get("names_file") or field.metadata.get("path")):
        return ""
    if _QUOTED.fullmatch(text):
        return "is in quotes, which would be a part of the path; write it without them"
    if _COMMENT.search(text):
        return f"has a comment behind it, which would be a part of the path; {OWN_LINE}"
    return ""


def hint(text: str | list[str]) -> str:
    """What to add to the reason why a value is refused: ` (a comment …)` where that is what is wrong with it."""
    return f" ({OWN_LINE})" if isinstance(text, str) and _COMMENT.search(text) else ""
