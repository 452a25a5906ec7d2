"""Event reports in what arrived, and how they differ from those that were sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

KEYS = frozenset({"call_report", "event_type", "payload"})
"""Of a report; what has them all is one, whatever it has beside them."""
_DECODER = json.JSONDecoder()


def reports_in(text: str) -> Iterator[dict[str, Any]]:
    """Each report in the text, by itself, in a list, or within another document."""
    for value in _documents_in(text):
        for each in _values_in(value):
            if isinstance(each, dict) and each.keys() >= KEYS:
                yield {key: each[key] for key in KEYS}


def texts_in(text: str) -> Iterator[str]:
    """The text itself, and each text that is in its JSON."""
    yield text
    for value in _documents_in(text):
        for each in _values_in(value):
            if isinstance(each, str):
                yield each


def difference(wanted: Any, found: Any, path: str = "") -> str:
    """The first difference: where, what is there and what should be; empty if there is none."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted(wanted.keys() | found.keys()):
            below = f"{path}.{key}" if path else key
            if key not in found:
                return f"{below} is missing"
            if key not in wanted:
                return f"{below} was not sent"
            if told := difference(wanted[key], found[key], below):
                return told
        return ""
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return next((told for at, pair in enumerate(zip(wanted, found, strict=True))
                     if (told := difference(*pair, f"{path}[{at}]"))), "")  # fmt: skip
    return "" if wanted == found else f"{path} is {found!a:.120} instead of {wanted!a:.120}"


def _documents_in(text: str) -> Iterator[Any]:
    at = text.find("{")
    while at >= 0:
        try:
            value, at = _DECODER.raw_decode(text, at)
        except ValueError:
            at += 1
        else:
            yield value
        at = text.find("{", at)


def _values_in(value: Any) -> Iterator[Any]:
    """The value, and those within it."""
    yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _values_in(below)
