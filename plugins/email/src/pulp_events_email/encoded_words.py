"""Text in header fields: folded where it may be, as encoded words where it must be (RFC 2047). No input or output here.

The email package's own folding loses spaces between encoded words and makes some that are too long, so it is not used.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

LINE_LIMIT = 998
"""Octets of a line at the most, its CRLF not counted (RFC 5322 §2.1.1)."""

WIDTH = 78
"""Octets that a line should have at the most (RFC 5322 §2.1.1)."""

ENCODED_WIDTH = 76
"""The same for a line with an encoded word in it (RFC 2047 §2)."""

WORD_LIMIT = 75
"""Characters of an encoded word at the most (RFC 2047 §2)."""

_FRAME = len("=?utf-8?q??=")
_LONGEST_PLAIN_WORD = 900
"""Octets from which on a word without a space is encoded: a line with it could be too long."""

_Q_ITSELF = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
"""What stands for itself in a `Q` word wherever the word stands, in a phrase too (RFC 2047 §5)."""


def field(name: str, value: str) -> str:
    """One header field with its CRLF; it reads back as `value`, which is one line of Unicode text."""
    return fold(name, value) if is_plain(value) else f"{name}: {encode(value, taken=len(name) + 2)}\r\n"


def is_plain(value: str) -> bool:
    """True for what can stand as it is: nothing in it is read as something else, or lost."""
    return (
        value.isascii()
        and value.isprintable()
        and "=?" not in value
        and "  " not in value  # some programs make one of two
        and value == value.strip()
        and (len(value) <= _LONGEST_PLAIN_WORD or max(map(len, value.split(" "))) <= _LONGEST_PLAIN_WORD)
    )


def fold(name: str, value: str) -> str:
    """The field in lines of at most WIDTH, but for words that are longer by themselves."""
    line, lines = f"{name}:", []
    for word in value.split(" "):
        # A long word gains nothing by a line of its own where there is only the name before it.
        if len(line) + 1 + len(word) > WIDTH and (lines or " " in line or len(word) < WIDTH):
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]) + "\r\n"


def encode(text: str, taken: int) -> str:
    """Encoded words that decode to `text`, each in a line of its own; `taken`: characters before the first one.

    White space between two of them is not part of the text (RFC 2047 §6.2), so all of the text is encoded, and a
    character is never divided (§5).
    """
    size = len(text.encode())
    if sum(map(_q_length, text)) <= 4 * size // 3 + 4:  # Q where it is no longer than B: it can be read as it stands
        kind, make, cost, per_cost = "q", _q, _q_length, 1.0
    else:
        kind, make, cost, per_cost = "b", _b, _octets, 3 / 4
    first = max(min(ENCODED_WIDTH - taken, WORD_LIMIT) - _FRAME, _q_length("\U00010000"))
    later = WORD_LIMIT - _FRAME
    runs = _runs(text, cost, int(first // 4 * 4 * per_cost), int(later // 4 * 4 * per_cost))
    return "\r\n ".join(f"=?utf-8?{kind}?{make(run)}?=" for run in runs)


def _runs(text: str, cost: Callable[[str], int], first: int, later: int) -> Iterator[str]:
    """The text in as few parts as there may be: the first costs at most `first`, the others at most `later`."""
    start, used, room = 0, 0, first
    for at, character in enumerate(text):
        each = cost(character)
        if used and used + each > room:
            yield text[start:at]
            start, used, room = at, 0, later
        used += each
    yield text[start:]


def _q(text: str) -> str:
    return "".join(
        chr(octet) if octet in _Q_ITSELF else "_" if octet == 0x20 else f"={octet:02X}" for octet in text.encode()
    )


def _q_length(character: str) -> int:
    return sum(1 if octet in _Q_ITSELF or octet == 0x20 else 3 for octet in character.encode())


def _b(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _octets(character: str) -> int:
    return len(character.encode())
