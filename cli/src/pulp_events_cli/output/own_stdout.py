"""Standard output is ours alone: what a plugin prints goes to standard error.

A plugin may print when it is imported, when it checks a configuration, when it delivers, in our thread or another. In
none of these may its text get between lines that a program reads. So each write is asked whose it is, and the answer is
in the stack: the innermost function that is neither Python's own library nor one that only passes text on.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

_OURS = "pulp_events_cli"
_CARRIERS = frozenset(sys.stdlib_module_names) | {"__main__", "rich", "argcomplete", "pulp_events"}
_lent = 0


class _OwnStdout:
    """Looks like the stream that it stands for."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """To the stream, or to standard error where a plugin writes."""
        if _lent or _is_ours():
            return self._stream.write(text)
        return sys.stderr.write(text) if sys.stderr is not None else len(text)

    def writelines(self, lines: Any) -> None:
        """As `write`, for each."""
        for line in lines:
            self.write(line)


def _is_ours() -> bool:
    frame = sys._getframe(2)
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _CARRIERS:
            return package == _OURS
        frame = frame.f_back  # type: ignore[assignment]
    return True


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """In the block, `print` of a plugin goes to standard error."""
    stream = sys.stdout
    if stream is None or isinstance(stream, _OwnStdout):
        yield
        return
    own: Any = _OwnStdout(stream)
    sys.stdout = own
    try:
        yield
    finally:
        if sys.stdout is own:
            sys.stdout = stream


@contextlib.contextmanager
def lent() -> Iterator[None]:
    """In the block, a plugin's own command prints what it was called for."""
    global _lent
    _lent += 1
    try:
        yield
    finally:
        _lent -= 1


def real() -> Any:
    """The stream itself, for what is ours though it does not look so."""
    return sys.stdout._stream if isinstance(sys.stdout, _OwnStdout) else sys.stdout


@contextlib.contextmanager
def also_below() -> Iterator[None]:
    """In the block, what is written past Python (C code, a plugin's child processes) goes to standard error too."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
        kept_open = os.dup(1)
        os.dup2(2, 1)
    except (OSError, ValueError):  # one of them is closed
        yield
        return
    try:
        yield
    finally:
        os.dup2(kept_open, 1)
        os.close(kept_open)
