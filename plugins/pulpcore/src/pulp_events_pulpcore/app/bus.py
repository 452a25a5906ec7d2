"""One `EventBus` for each process of Pulp."""

from functools import cache

from pulp_events import EventBus


@cache
def bus() -> EventBus:
    """The bus that this process emits with; `pulp-admin event worker` delivers. Opened by the first who asks.

    Raises EventsError and its subclasses, as `EventBus.open` does.
    """
    from pulp_events_pulpcore.given import settings_mapping

    return EventBus.open(settings=settings_mapping(), deliver="external")
