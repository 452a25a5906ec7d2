"""How far a long command is: a count on standard error, only on a terminal."""

from __future__ import annotations

import sys
from types import TracebackType


class Progress:
    """Shows one line that replaces itself, and takes it away at the end."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = False

    def show(self, count: int) -> None:
        """Say that `count` are done."""
        if sys.stderr is not None and sys.stderr.isatty():
            self._shown = True
            print(f"\r{self._what}: {count}", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
