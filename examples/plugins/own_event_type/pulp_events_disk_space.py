"""The event type `disk.space.low`, and the check that emits it.

python -m pulp_events_disk_space /var/lib/pulp 10       # emit it if less than 10 percent are free
"""

import sys

from pulp_events import Event, EventBus, EventType, hookimpl

LOW = "disk.space.low"


@hookimpl
def pulp_event_types() -> list[EventType]:
    """Called once, when a bus opens. The payload's keys are shown by `pulp-admin event types`."""
    keys = {"folder": "a folder on the file system", "free": "octets that are free", "percent": "the same in percent"}
    return [EventType(LOW, "a file system runs full", payload=keys)]


def check(bus: EventBus, folder: str, least: float) -> Event | None:
    """Emit the event if less than `least` percent of the file system are free; the event."""
    import shutil  # here, and not above: every start of pulp-admin imports this module

    usage = shutil.disk_usage(folder)
    percent = round(100 * usage.free / usage.total, 1)
    return bus.emit(LOW, {"folder": folder, "free": usage.free, "percent": percent}) if percent < least else None


if __name__ == "__main__":
    # A worker delivers it: a check that cron starts need not wait for anybody.
    with EventBus.open(deliver="external") as bus:
        check(bus, sys.argv[1], float(sys.argv[2]))
