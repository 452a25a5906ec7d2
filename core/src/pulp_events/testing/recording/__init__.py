"""Records what an application emits, for its tests: no network, no files, whichever way the application has its bus.

    with record_events() as events:
        application.order(7)
    assert events.emitted("order.created", order_id=7)

Under pytest, the fixture `emitted_events` is the same.
"""

from pulp_events.testing.recording.emitted import EmittedEvents, Found
from pulp_events.testing.recording.event import EmittedEvent
from pulp_events.testing.recording.recorder import record_events

__all__ = ["EmittedEvent", "EmittedEvents", "Found", "record_events"]
