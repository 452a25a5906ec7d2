"""Event reports in what arrived, and how they differ from those that were sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

KEYS = frozenset({"call_report", "event_type", "payload"})
"""Of a report; what has them all is one, whatever it has beside them."""
EACH_KIND: Mapping[str, Any] = {
    "none": None, "no": False, "yes": True, "zero": 0, "minus": -1, "no part": 0.0, "whole": 3.0,
    "above 31 bits": 2**31 + 1, "below 32 bits": -(2**31) - 1, "above 53 bits": 2**53 + 1, "above 64 bits": 2**64 + 1,
    "parts": 0.1 + 0.2, "small": 1.5e-300, "large": 1.5e300, "empty text": "", "empty list": [], "empty object": {},
    "text of a number": "007", "text of truth": "true", "text of nothing": "null", "blanks": "  x  ",
    "Large Letters": 1, "large letters": 2, "under_score": 3, "da-sh": 4, "do.t": 5, "$dollar": 6,
    "unequal": [1, "1", 1.0, True, None, [], {}, "", [[[]]]],
}  # fmt: skip
"""A value of every kind that JSON has, at its ends and where programs draw lines."""
EVERY_KIND: Mapping[str, Any] = {
    **EACH_KIND,
    "many": [*range(250)],
    "long text": "x" * 1500,
    "within": {**EACH_KIND, "further": {"within": {"it": {"all": [dict(EACH_KIND), [dict(EACH_KIND)]]}}}},
}
"""The same at the top and below, with what is long; less than 10,000 bytes."""
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
    same = type(wanted) is type(found) and wanted == found  # 1, 1.0 and True are equal
    return "" if same else f"{path} is {found!a:.120} instead of {wanted!a:.120}"


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
