"""The beginning of an answer, read by hand: what is left to go by where a parser finds no valid head."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_STATUS_LINE = re.compile(rb"HTTP/1\.\d (\d{3})(?: ([^\r\n]*))?\r?\n")
_BLANK_LINE = re.compile(rb"\n\r?\n")


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and headers of the final answer."""

    status: int
    reason: str
    headers: Mapping[str, str]
    """Names in lower case; empty if they could not be read."""


def may_be_interim(seen: bytearray) -> bool:
    """True if what comes first is, as far as it goes, an interim answer: not a final one, and not junk."""
    return any(line.startswith(bytes(seen[: len(line)])) for line in (b"HTTP/1.1 1", b"HTTP/1.0 1"))


def what_it_is(seen: bytearray, reason: str) -> str:
    """Why that is no answer: its first line, or what `reason` says of a later one."""
    line, end, _ = seen.partition(b"\n")
    if _STATUS_LINE.match(seen):
        return re.sub(r"bytearray\(b(['\"])(.*)\1\)", r'"\2"', reason)
    text = bytes(line[:1024]).decode("utf-8", "replace").strip()
    if not text:
        return "it begins with an empty line"
    return f'it begins with "{text}"' if end else f'it ends behind "{text}"'


def status_line(seen: bytearray) -> Head | None:
    """The final answer's, out of what cannot be read as a whole; None if it has none."""
    start = 0
    while line := _STATUS_LINE.match(seen, start):
        status = int(line[1])
        if status == 101 or not 100 <= status < 200:
            return Head(status, (line[2] or b"").decode("latin-1"), {})
        end = _BLANK_LINE.search(seen, line.end() - 1)
        if end is None:
            return None
        start = end.end()
    return None
