"""Text that URLs quote, and URLs within URLs quote again: `%2F`, `%252F`."""

from __future__ import annotations

import re
from collections.abc import Iterator

DEEPEST = 5
"""How often a text may have been quoted."""
_QUOTED = "(?:%[0-9A-Fa-f]{2})+"


def readings(text: str) -> Iterator[tuple[str, list[int] | None]]:
    """The text as it is, and without each of its quotations, from the outermost on.

    With where each character begins in the text as it is, and, at last, where that ends; None: at its own place.
    """
    yield text, None
    places: list[int] | None = None
    for _ in range(DEEPEST):
        if "%" not in text:
            return
        plain, places = _unquoted(text, places)
        if plain == text:
            return
        yield plain, places
        text = plain


def _unquoted(text: str, places: list[int] | None) -> tuple[str, list[int]]:
    before = list(range(len(text) + 1)) if places is None else places
    parts: list[str] = []
    after: list[int] = []
    end = 0
    for found in re.finditer(_QUOTED, text):
        parts.append(text[end : found.start()])
        after += before[end : found.start()]
        plain = bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "surrogateescape")
        at = found.start()
        for character in plain:
            after.append(before[at])
            at += 3 * len(character.encode("utf-8", "surrogateescape"))
        parts.append(plain)
        end = found.end()
    return "".join([*parts, text[end:]]), after + before[end:]
