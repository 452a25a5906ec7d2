"""Standard output is ours alone: what a plugin prints goes to standard error.

A plugin may print when it is imported, when it checks a configuration, when it delivers, in our thread or another. In
none of these may its text get between lines that a program reads. So each write is asked whose it is, and the answer is
in the stack: the innermost function that is neither Python's own library nor one that only passes text on. What is
written past Python (C code, a plugin's child processes) goes to file descriptor 1, which is standard error meanwhile:
our own stream has another one.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

_OURS = "pulp_events_cli"
_CARRIERS = frozenset(sys.stdlib_module_names) | {"__main__", "rich", "argcomplete", "pulp_events"}
_STDOUT, _STDERR = 1, 2
_lent = 0
_real: int | None = None
"""The descriptor that is standard output while 1 is not."""


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

    def flush(self) -> None:
        """Also after the block, when the stream is closed: an exporter of traces keeps this, and flushes it at exit."""
        if not self._stream.closed:
            self._stream.flush()

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
    """In the block, what a plugin prints or writes to file descriptor 1 goes to standard error."""
    stream = sys.stdout
    if stream is None or isinstance(stream, _OwnStdout):
        yield
        return
    with _moved(stream) as moved:
        own: Any = _OwnStdout(moved)
        sys.stdout = own
        try:
            yield
        finally:
            if sys.stdout is own:
                sys.stdout = stream


@contextlib.contextmanager
def _moved(stream: TextIO) -> Iterator[TextIO]:
    """The stream on a descriptor of its own, where it is the process's standard output; 1 is standard error then.

    Raises OSError at the end, if what was printed cannot be written.
    """
    global _real
    if not isinstance(stream, io.TextIOWrapper) or not _is_standard(stream):
        yield stream
        return
    stream.flush()
    try:
        real = os.dup(_STDOUT)
        os.dup2(_STDERR, _STDOUT)
    except OSError:  # standard error is closed, or no descriptor is left
        yield stream
        return
    moved = io.TextIOWrapper(
        os.fdopen(real, "wb"),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    _real = real
    try:
        yield moved
    finally:
        _real = None
        os.dup2(real, _STDOUT)
        try:
            moved.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), real)  # nothing is to complain when it is closed
            raise
        finally:
            moved.close()


def _is_standard(stream: TextIO) -> bool:
    try:
        return stream.fileno() == _STDOUT
    except (OSError, ValueError):  # it is in memory, or closed
        return False


@contextlib.contextmanager
def in_place() -> Iterator[None]:
    """In the block, file descriptor 1 is standard output again: for /dev/stdout, and processes that may print."""
    if _real is None:
        yield
        return
    sys.stdout.flush()
    os.dup2(_real, _STDOUT)
    try:
        yield
    finally:
        os.dup2(_STDERR, _STDOUT)


@contextlib.contextmanager
def lent() -> Iterator[None]:
    """In the block, a plugin's own command prints what it was called for."""
    global _lent
    _lent += 1
    try:
        with in_place():
            yield
    finally:
        _lent -= 1


def real() -> Any:
    """The stream itself, for what is ours though it does not look so."""
    return sys.stdout._stream if isinstance(sys.stdout, _OwnStdout) else sys.stdout
