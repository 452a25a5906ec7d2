"""JSON that somebody wrote (RFC 8259), read more strictly than Python's own reader does, with errors for its writer.

That one takes NaN and a key that an object has twice, and speaks of settings of the interpreter where a number is long.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn

MAX_DIGITS = 400
"""Of a number: more than any that a double has (RFC 8259 §6)."""
MAX_LEVELS = 500
"""Of nesting: far more than anything may have that is read with this, and less than each Python's own reader takes."""
_TOO_DEEP = "it is nested too deeply"


def read(text: str) -> Any:
    """The value that the text is.

    Raises ValueError, whose message says what is wrong, and where: a syntax that is not JSON's, NaN and infinity, an
    integer of more than MAX_DIGITS digits, nesting beyond MAX_LEVELS, and a key that one object has twice, for readers
    differ in which one counts (RFC 7493 §2.3). No message contains a value.

    >>> read('{"n": 1, "n": 2}')
    Traceback (most recent call last):
    ...
    ValueError: the key 'n' occurs twice in one object; keep one
    """
    try:
        text = text.removeprefix("\ufeff")  # which RFC 8259 §8.1 allows to pass over
        value = json.loads(text, parse_constant=_no_number, parse_int=_integer, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    level = [value]
    for _ in range(MAX_LEVELS + 1):
        level = [item for each in level for item in _items(each)]
        if not level:
            return value
    raise ValueError(_TOO_DEEP)


def _items(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r:.60} occurs twice in one object; keep one")
        found[key] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits, and may have {MAX_DIGITS}")
    return int(digits)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")
