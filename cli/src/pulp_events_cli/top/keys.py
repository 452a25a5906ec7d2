"""Keys as words, from the bytes that a terminal sends for them."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator

UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = "up", "down", "page up", "page down", "home", "end"
LEFT, RIGHT, ENTER, ESCAPE, ERASE, ERASE_ALL, REDRAW, TAB = (
    "left", "right", "enter", "escape", "erase", "erase all", "redraw", "tab",
)  # fmt: skip

# ECMA-48 §5.4 control sequences, as xterm, the Linux console, tmux and screen send them.
_SEQUENCES = {
    **{f"{lead}{letter}": key for lead in ("[", "O") for letter, key in
       zip("ABCDHF", (UP, DOWN, RIGHT, LEFT, HOME, END), strict=True)},
    "[5~": PAGE_UP, "[6~": PAGE_DOWN, "[1~": HOME, "[7~": HOME, "[4~": END, "[8~": END, "[3~": ERASE,
}  # fmt: skip
_CONTROLS = {
    "\r": ENTER, "\n": ENTER, "\t": TAB, "\x7f": ERASE, "\x08": ERASE, "\x15": ERASE_ALL, "\x0c": REDRAW,
    "\x10": UP, "\x0e": DOWN, "\x02": PAGE_UP, "\x06": PAGE_DOWN, "\x04": ESCAPE,
}  # fmt: skip


class Keys:
    """Decodes what was read; a key whose bytes are not complete waits for the rest.

    >>> keys = Keys()
    >>> [*keys.feed(b"m\\x1b[")], [*keys.feed(b"A")]
    (['m'], ['up'])
    """

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    @property
    def pending(self) -> bool:
        """An escape was read, and nothing after it yet: if nothing comes soon, it is the key itself."""
        return bool(self._rest)

    def feed(self, data: bytes) -> Iterator[str]:
        """The keys that are complete."""
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        while text:
            if text[0] != "\x1b":
                if (key := _CONTROLS.get(text[0])) is not None:
                    yield key
                elif text[0].isprintable():
                    yield text[0]
                text = text[1:]
                continue
            length = _length(text)
            if length is None:
                self._rest = text
                return
            if length == 1:
                yield ESCAPE
            elif (key := _SEQUENCES.get(text[1:length])) is not None:
                yield key
            text = text[length:]

    def flush(self) -> Iterator[str]:
        """What nothing followed."""
        if self._rest:
            self._rest = ""
            yield ESCAPE


def _length(text: str) -> int | None:
    """Characters of the sequence at the beginning; 1: an escape by itself, None: more is to come."""
    if len(text) == 1:
        return None
    if text[1] == "O":
        return 3 if len(text) > 2 else None
    if text[1] != "[":
        return 1
    for index, character in enumerate(text[2:], 2):
        if "\x40" <= character <= "\x7e":
            return index + 1
    return None
