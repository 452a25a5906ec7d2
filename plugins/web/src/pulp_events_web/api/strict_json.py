"""Bodies of requests: JSON (RFC 8259) with text that is text (RFC 7493 §2.1); all else is refused before a view runs.

Python's own reader takes more, and so does `notation.json_text`: halves of characters, and nesting of any depth.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request

from pulp_events.notation import json_text
from pulp_events_web import problems

MAX_DEPTH = 64
"""How deep a body may be nested: as deep as the record of a listener, and of an event's report."""


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
    _check_value(json_text.read(text))


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
