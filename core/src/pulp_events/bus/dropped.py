"""`Dropped`: how many events `emit` did not store though it raised nothing, for this process and for the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from pulp_events.errors import StoreError
from pulp_events.outbox.dropped import MOST_TYPES, OTHERS
from pulp_events.system.clock import Clock

if TYPE_CHECKING:
    from pulp_events.outbox.store import Outbox

NOTE = 1.0
"""Seconds between notes in the store, at least."""
_NEVER = float("-inf")


class Dropped:
    """Shared by the threads of a process, without a lock: a signal handler may emit amid anything."""

    def __init__(self, outbox: Callable[[], Outbox], clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self.total: int = 0
        """How many so far."""
        self._unnoted: Counter[str] = Counter()
        self._noted = _NEVER

    @property
    def is_noted(self) -> bool:
        """True if the store knows of all of them."""
        return not self._unnoted

    def add(self, event_types: Iterable[str]) -> None:
        """So many more of these types."""
        for each in event_types:
            self.total += 1
            self._unnoted[self._counted_as(each)] += 1

    def _counted_as(self, event_type: str) -> str:
        """Names that are made from data shall not fill the memory."""
        return event_type if event_type in self._unnoted or len(self._unnoted) < MOST_TYPES else OTHERS

    def note_now_and_then(self) -> None:
        """Let the store know, unless that was a moment ago."""
        if self._unnoted and self._clock.monotonic() - self._noted >= NOTE:
            self.note()

    def note(self) -> None:
        """Let the store know; later, where it cannot be written now."""
        if not self._unnoted:
            return
        counts, self._unnoted, self._noted = self._unnoted, Counter(), self._clock.monotonic()
        try:
            self._outbox().note_dropped(counts)
        except StoreError:
            with suppress(RuntimeError):
                self._unnoted.update(counts)
