"""`Bell`: it rings when another process may have stored something, so that nobody need look all the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Bell(Protocol):
    """What an outbox returns from `bell(ring)`, a method that it may have and need not. It calls `ring` from a thread.

    A ring may come before what is stored can be seen, and further ones may be left out for as long as `silence` is
    short: whoever heard one looks again and again for a while.
    """

    @property
    def hears(self) -> bool:
        """False once it cannot be relied upon any more."""

    @property
    def silence(self) -> float:
        """Seconds since it last rang, or had reason to."""

    @property
    def count(self) -> int:
        """How often it rang."""

    def close(self) -> None:
        """Ring no more."""


def bell_of(outbox: object, ring: Callable[[], None]) -> Bell | None:
    """The bell of this outbox; None if it has none, or cannot have one just here."""
    make: Callable[[Callable[[], None]], Bell | None] | None = getattr(outbox, "bell", None)
    return None if make is None else make(ring)
