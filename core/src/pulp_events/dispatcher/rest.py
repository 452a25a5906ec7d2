"""`Rest`: how long the dispatcher's thread may sleep before it looks at what other processes stored."""

from __future__ import annotations

from collections.abc import Callable

from pulp_events.outbox.bell import Bell, bell_of
from pulp_events.outbox.store import Outbox
from pulp_events.system.logs import get_logger

POLL = 0.04
"""Seconds between looks at whether another process stored something."""
FIRST = 0.005
"""Seconds until the first look after a ring; then twice as long each time. A commit comes after what it writes."""
QUIET = 2.5
"""Seconds without a ring after which a look is only a precaution."""
PRECAUTION = 0.5
"""Seconds between looks while it is quiet."""

_logger = get_logger(__name__)


class Rest:
    """An outbox without a bell is looked at every `POLL` seconds; one with a bell, for a while after it rang.

    A bell that missed two changes is not relied upon any more.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._bell: Bell | None = None
        self._rings = -1
        """How often it had rung when it was quiet and something was found all the same."""

    def begin(self, ring: Callable[[], None]) -> None:
        """Listen. `ring`: what wakes the dispatcher's thread."""
        try:
            self._bell = bell_of(self._outbox, ring)
        except Exception:  # of somebody's outbox; it is no reason not to deliver
            _logger.exception("the outbox has no bell; it is looked at all the time")

    def end(self) -> None:
        """Listen no more."""
        bell, self._bell = self._bell, None
        if bell is not None:
            bell.close()

    @property
    def longest(self) -> float:
        """Seconds to sleep at most, if there is no other reason to look."""
        bell = self._bell
        if bell is None or not bell.hears:
            return POLL
        silence = bell.silence
        return PRECAUTION if silence >= QUIET else min(POLL, max(FIRST, silence))

    def found(self) -> None:
        """Another process had stored something."""
        bell = self._bell
        if bell is None or bell.silence < QUIET:
            return
        # Once, it may just be about to ring, or the commit have waited long for the disk.
        if bell.count == self._rings:
            _logger.warning("the system does not tell of writes into the outbox; it is looked at all the time")
            self.end()
        self._rings = bell.count
