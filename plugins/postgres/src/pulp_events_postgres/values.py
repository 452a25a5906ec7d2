"""Text and arrays as PostgreSQL can store and read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.rows import to_delivery


def storable(text: str) -> str:
    """The text with what PostgreSQL cannot store replaced: the character NUL, and lone surrogates.

    An endpoint's answer may have either, and must not keep its attempt from being recorded.
    """
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def texts(values: Iterable[str | None]) -> str:
    """An array of text as PostgreSQL spells it. psycopg takes ten times as long: it looks at each value's type.

    >>> texts(["a", 'b"c', None])
    '{"a","b\\\\"c",NULL}'
    """
    return "{" + ",".join(["NULL" if value is None else f'"{_escape(value)}"' for value in values]) + "}"


def words(values: Iterable[str]) -> str:
    """The same for words of ours, such as states, which need no quotation marks: three times as quick."""
    return "{" + ",".join(values) + "}"


def numbers(values: Iterable[float | None]) -> str:
    """An array of numbers as PostgreSQL spells it."""
    return "{" + ",".join(["NULL" if value is None else repr(value) for value in values]) + "}"


def flags(values: Iterable[bool]) -> str:
    """An array of booleans as PostgreSQL spells it."""
    return "{" + ",".join(["t" if value else "f" for value in values]) + "}"


def claimed(row: Sequence[Any]) -> Delivery:
    """The delivery of the first 15 columns of a claim, and the last two: scope and trace context of its event.

    `finished`, which it has not, is when it expires, and `detail`, which it has not either, the delivery that it
    repeats.
    """
    return to_delivery((*row[:11], None, "", *row[13:15], row[12] or None, row[11], *row[-2:]))


def _escape(text: str) -> str:
    if '"' in text or "\\" in text:
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text
