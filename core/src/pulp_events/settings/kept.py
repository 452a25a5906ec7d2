"""How long events are kept, by `[events] keep` and `keep_for`."""

from __future__ import annotations

from pulp_events.settings.settings import Settings

KEEP_ALL = "all"


def keep_events(settings: Settings) -> float:
    """Seconds for which an event is kept at least, with deliveries or without."""
    chosen: float | None = settings.section("events")["keep_for"]
    return float(settings.section("delivery")["keep_delivered"]) if chosen is None else chosen


def keep_purged(settings: Settings) -> float:
    """The same of an event whose deliveries an administrator deletes: it goes with them unless it was to be kept."""
    return keep_events(settings) if keeps_beyond(settings) else 0.0


def keeps_beyond(settings: Settings) -> bool:
    """True if events are to be kept that have no delivery, or for longer than their deliveries."""
    events = settings.section("events")
    return events["keep_for"] is not None or events["keep"] == KEEP_ALL
