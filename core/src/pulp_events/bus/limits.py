"""`Limits`: how much may be pending, and how much of the disk used, before `emit` stores no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pulp_events.errors import StoreFull
from pulp_events.fields import format_size
from pulp_events.system.clock import Clock
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    from pulp_events.bus.dropped import Dropped
    from pulp_events.outbox.records import NewEvent
    from pulp_events.outbox.store import Outbox
    from pulp_events.settings.settings import Settings

DROP = "drop"
LOOK = 1.0
"""Seconds for which a look at the outbox holds good; what this process stores meanwhile is added to it."""
SHARE = 50
"""So many times as long as a look took, the next one waits at least: a hundred million entries take a while."""
LOOK_AGAIN = 0.1
"""Seconds for which it holds good where it says that the outbox is full."""
LOG = 60.0
"""Seconds between log lines about what is dropped."""
_NEVER = float("-inf")

_logger = get_logger(__name__)


class Limits:
    """Shared by the threads of a process, without a lock: a signal handler may emit amid anything. What two of them add
    at the same instant may be lost, until the next look."""

    def __init__(self, settings: Settings, outbox: Callable[[], Outbox], clock: Clock, dropped: Dropped) -> None:
        events = settings.section("events")
        self._backlog: int | None = events["max_backlog"]
        self._space: int | None = events["min_free_disk"]
        self._drops = events["when_full"] == DROP
        self._outbox = outbox
        self._clock = clock
        self._looked, self._valid = _NEVER, LOOK
        self._pending = 0
        self._free: int | None = None
        self._dropped = dropped
        self._told: Counter[str] = Counter()
        self._logged = _NEVER

    def admit(self, events: Sequence[NewEvent]) -> Sequence[NewEvent]:
        """Those of the events that may be stored; the others are dropped. Raises StoreFull where that is not wanted."""
        now = self._clock.monotonic()
        self._dropped.note_now_and_then()
        if now - self._looked >= self._valid:
            self._look(now)
        if not self._reason(events):
            return events
        # To emit one again that is there is no matter of room.
        new = [each for each in events if not each.once or self._outbox().event(each.id) is None]
        if new and now - self._looked >= LOOK_AGAIN:
            self._look(now)
        reason = self._reason(new) if new else ""
        if not reason:
            return events
        if not self._drops:
            raise StoreFull(f"{reason}; nothing was stored")
        self._drop(new, reason, now)
        dropped = {each.id for each in new}
        return [each for each in events if each.id not in dropped]

    def stored(self, events: Sequence[NewEvent]) -> None:
        """These were stored."""
        self._pending += _pending(events)

    def _look(self, now: float) -> None:
        self._looked = now
        if self._space is not None:
            self._free = self._outbox().free_space()
        if self._backlog is not None:
            self._pending = self._outbox().backlog(self._backlog)
        self._valid = max(LOOK, SHARE * (self._clock.monotonic() - now))

    def _reason(self, events: Sequence[NewEvent]) -> str:
        """Why these are too many; empty if they are not."""
        if self._space is not None and self._free is not None and self._free < self._space:
            return (
                f"{format_size(self._free)} are free on the disk of the outbox, less than [events] min_free_disk = "
                f"{format_size(self._space)}; free some space, or shorten keep_delivered in section [delivery]"
            )
        new = 0 if self._backlog is None else _pending(events)
        if self._backlog is not None and new and self._pending + new > self._backlog:
            # It is counted no further than that; other processes may have stored more.
            number = f"at least {self._pending}" if self._pending >= self._backlog else f"{self._pending}"
            return (
                f"the outbox has {number} of at most {self._backlog} pending deliveries ([events] max_backlog), "
                f"and {new} more are too many; `pulp-admin event delivery stats` shows whose they are; run more workers"
            )
        return ""

    def _drop(self, events: Sequence[NewEvent], reason: str, now: float) -> None:
        self._dropped.add(event.event_type for event in events)
        for event in events:
            self._told[event.event_type] += 1
        self._dropped.note_now_and_then()
        if now - self._logged >= LOG:
            told, self._told, self._logged = self._told, Counter(), now
            kinds = ", ".join(f"{count} {event_type}" for event_type, count in sorted(told.items()))
            _logger.warning("events were dropped: %s; %s", kinds, reason)


def limits_of(settings: Settings, outbox: Callable[[], Outbox], clock: Clock, dropped: Dropped) -> Limits | None:
    """The limits that are set; None where nothing is limited."""
    events = settings.section("events")
    limited = events["max_backlog"] is not None or events["min_free_disk"] is not None
    return Limits(settings, outbox, clock, dropped) if limited else None


def _pending(events: Sequence[NewEvent]) -> int:
    """How many deliveries they add to what is pending."""
    return sum(delivery.skip is None for event in events for delivery in event.deliveries)
