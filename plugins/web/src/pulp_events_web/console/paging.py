"""Pages of what is in memory, by number: `?page=3`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

PAGE = 50
"""On one page."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of all that fit."""

    items: Sequence[T]
    number: int
    """From 1 on."""
    total: int
    """All that fit, on whichever page."""
    size: int = PAGE

    @property
    def first(self) -> int:
        """Number of the first one here, from 1 on."""
        return min(self.total, (self.number - 1) * self.size + 1)

    @property
    def last(self) -> int:
        """Number of the last one here."""
        return min(self.total, self.number * self.size)

    @property
    def previous(self) -> int | None:
        """Number of the page before."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """Number of the page after."""
        return self.number + 1 if self.last < self.total else None


def page_of(found: Sequence[T], asked: str, size: int = PAGE) -> Page[T]:
    """The page that the URL names; the nearest one that there is, as others may have deleted some meanwhile."""
    last = max(1, -(-len(found) // size))
    number = min(last, max(1, int(asked))) if asked.isdecimal() and len(asked) < 9 else 1
    return Page(found[(number - 1) * size : number * size], number, len(found), size)
