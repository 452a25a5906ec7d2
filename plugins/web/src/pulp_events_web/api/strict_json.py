"""Bodies of requests: JSON (RFC 8259) with text that is text (RFC 7493 §2.1); all else is refused before a view runs.

Python's own reader takes more: NaN, halves of characters; and a body that is nested without end, or a number of ten
thousand digits, is an error of another kind there.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask import Flask, Response, request

from pulp_events_web import problems

MAX_DEPTH = 64
"""How deep a body may be nested: as deep as the record of a listener, and of an event's report."""
MAX_DIGITS = 400
"""Of a number: more than any that a double has (RFC 8259 §6)."""


def register(app: Flask, prefix: str) -> None:
    """Look at each body below this prefix."""

    def look() -> Response | None:
        if not request.path.startswith(prefix + "/") or not (data := request.get_data()):
            return None
        if not request.is_json:
            return problems.problem(415, "Give the body as JSON, with Content-Type: application/json.")
        try:
            check(data)
        except ValueError as error:
            return problems.problem(400, f"The body is not valid JSON: {error}.")
        return None

    app.before_request(look)


def check(data: bytes) -> None:
    """Raise ValueError that says what is wrong with it, in words without the value itself."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    try:
        value = json.loads(text, parse_constant=_no_number, parse_int=_integer, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg}, line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check_value(value)


def _check_value(value: Any) -> None:
    left: list[tuple[Any, int]] = [(value, 0)]
    while left:
        each, depth = left.pop()
        if isinstance(each, str):
            _check_text(each)
        elif isinstance(each, float) and each in (float("inf"), float("-inf")):
            raise ValueError("a number is too large")
        elif isinstance(each, dict | list):
            if depth >= MAX_DEPTH:
                raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
            if isinstance(each, dict):
                for key in each:
                    _check_text(key)
            left += [(item, depth + 1) for item in (each.values() if isinstance(each, dict) else each)]


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is no text") from None


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, for `json.loads`. Raises ValueError for a key that it has twice: readers differ in which one counts
    (RFC 7493 §2.3), so a proxy that checks bodies may have seen the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number is too large")
    return int(digits)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")
