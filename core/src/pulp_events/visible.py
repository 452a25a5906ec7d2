"""Text from elsewhere, fit to be looked at: what a terminal or a reader would obey instead of show is spelt out.

C0 and C1 control characters (a terminal takes U+009B as it takes ESC [), DEL, the marks that turn the direction of
writing (U+202E shows "deliaf" as "failed", https://trojansource.codes), other invisible formatting, line separators,
and lone surrogates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_JOINERS = "\u200c\u200d"
"""Needed to write Persian and to show many emoji; they turn nothing round."""


def visible(text: str, keep: str = "") -> str:
    """`text` with such characters as escapes, but for those in `keep`.

    >>> print(visible("done \\u202edeliaf \\x9b31m"))
    done \\u202edeliaf \\x9b31m
    >>> print(visible("Größe 表\\u3000示"))
    Größe 表　示
    """
    if text.isprintable():
        return text
    return "".join(one if one in keep or _is_visible(one) else _escape(one) for one in text)


def one_line(text: str) -> str:
    """`text` in one line: runs of white space made a space, and what is not visible an escape.

    >>> print(one_line(" one\\n  two\\x1b[31m\\t"))
    one two\\x1b[31m
    """
    return visible(" ".join(text.split()))


def json_text(value: Any, indent: int | None = None, default: Callable[[Any], Any] | None = None) -> str:
    r"""`value` as JSON that is the same for a program, and fit to be looked at: escapes as of RFC 8259 §7.

    >>> print(json_text({"text": "Größe \u202edeliaf"}))
    {"text": "Größe \u202edeliaf"}
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    if text.isprintable():
        return text
    # Outside of strings only the line breaks of `indent` are not printable; in them they are escaped already.
    return _NOT_PLAIN.sub(lambda found: _json_escape(found[0]), text)


_NOT_PLAIN = re.compile(r"[^\n -~]")


def _json_escape(character: str) -> str:
    return character if _is_visible(character) else json.dumps(character)[1:-1]


def _is_visible(character: str) -> bool:
    if character.isprintable() or character in _JOINERS:
        return True
    import unicodedata

    return unicodedata.category(character) == "Zs"  # no-break and ideographic spaces


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def quoted(value: object, most: int = 60) -> str:
    """`repr(value)`; of a longer one so many characters, the last of which still closes it.

    >>> quoted("a" * 20, 12)
    "'aaaaaaaaa…'"
    """
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 2]}…{text[-1]}"
