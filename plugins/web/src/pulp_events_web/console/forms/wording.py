"""What a form says of a field: what it means, in its author's words, and how its control is filled in, in ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_LIST = r"commas?|spaces?|commas? (?:or|and) spaces?"
_TYPING = re.compile(
    rf"[;,] *(?:(?:it |this )?(?:may|can) be (?:repeated|given (?:repeatedly|several times|more than once))"
    rf"|(?:separated|delimited) (?:by|with) (?:{_LIST})|one per line|@FILE[^;,.]*)(?=[;,.]|$)"
    rf"|\b(?:comma|space)[- ](?:separated|delimited) (?=\w)",
    re.IGNORECASE,
)
"""How several values, or a structure, are typed at a command line."""
HINTS: Mapping[str, str] = {
    "lines": "One in each line.",
    "secret-lines": "One in each line.",
    "json": "As JSON.",
}
"""By kind of control: those that one cannot know by looking at them."""
_SEVERAL = (*HINTS, "checks")


def help_of(metadata: Mapping[str, Any], kind: str) -> str:
    """Metadata `help` as sentences, and the hint of the control. An author who says how several values are typed at
    the command line need not have thought of forms: that is left out.

    >>> help_of({"help": "rooms to write to; may be repeated"}, "lines")
    'Rooms to write to. One in each line.'
    >>> help_of({"help": "comma separated list of rooms"}, "checks")
    'List of rooms.'
    """
    said = str(metadata.get("help") or metadata.get("description") or "").strip()
    if kind in _SEVERAL:
        said = _TYPING.sub("", said).strip()
    return " ".join(filter(None, (sentence(said), HINTS.get(kind, ""))))


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    end = "" if not text or text[-1] in ".!?:…" else "."
    return text[:1].upper() + text[1:] + end


def example_of(metadata: Mapping[str, Any], kind: str) -> str:
    """Metadata `example`, which is a value as it is typed at the command line, as the control has it."""
    said = str(metadata.get("example", ""))
    return "\n".join(each.strip() for each in said.split(",")) if kind in ("lines", "secret-lines") else said
