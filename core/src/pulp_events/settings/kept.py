"""How long events are kept, by `[events] keep` and `keep_for`."""

from __future__ import annotations

from pulp_events.settings.settings import Settings

KEEP_MATCHED, KEEP_ALL = "matched", "all"


def keep_events(settings: Settings) -> float:
    """Seconds for which an event is kept at least, with deliveries or without."""
    chosen: float | None = settings.section("events")["keep_for"]
    return float(settings.section("delivery")["keep_delivered"]) if chosen is None else chosen


def keep_purged(settings: Settings) -> float:
    """The same of an event whose deliveries an administrator deletes: it goes with them unless it was to be kept."""
    events = settings.section("events")
    if events["keep_for"] is None and events["keep"] == KEEP_MATCHED:
        return 0.0
    return keep_events(settings)
