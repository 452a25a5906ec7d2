"""What authors of notifiers, stores and applications need to test against real sockets and real time.

- Servers on the loopback address and a free port: `HttpSink`, `SmtpSink` (needs the extra `pulp-events[test-smtp]`);
  and `FaultProxy`, which lets things go wrong on the way to either of them, or to a server of yours. A server that only
  one notifier's tests need comes with that notifier, as `pulp_events_amqp.testing` does.
- Contracts, test classes to be subclassed: `NotifierContract`, `ListenerStoreContract`, `OutboxContract`.
- `open_bus` and `plugins_of`: a bus with the plugins that a test gives it. `FakeClock`, `make_event`, `make_delivery`,
  `Admin` (runs `pulp-admin`).
- Fixtures for pytest over all of these: `pytest_plugin`, found by pytest itself.

A name's module is imported when the name is first used, so that no library is needed for what is not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulp_events.testing.admin import Admin
    from pulp_events.testing.bus import open_bus, plugins_of
    from pulp_events.testing.clock import FakeClock
    from pulp_events.testing.endpoint import Arrival, Endpoint
    from pulp_events.testing.factory import make_delivery, make_event
    from pulp_events.testing.fault_proxy import FaultProxy
    from pulp_events.testing.http_sink import Answer, HttpSink
    from pulp_events.testing.listener_store_contract import ListenerStoreContract
    from pulp_events.testing.notifier_contract import NotifierContract
    from pulp_events.testing.outbox_contract import OutboxContract
    from pulp_events.testing.smtp_sink import SmtpSink

__all__ = [
    "Admin",
    "Answer",
    "Arrival",
    "Endpoint",
    "FakeClock",
    "FaultProxy",
    "HttpSink",
    "ListenerStoreContract",
    "NotifierContract",
    "OutboxContract",
    "SmtpSink",
    "make_delivery",
    "make_event",
    "open_bus",
    "plugins_of",
]

_HOMES = {
    "admin": ("Admin",),
    "bus": ("open_bus", "plugins_of"),
    "clock": ("FakeClock",),
    "endpoint": ("Arrival", "Endpoint"),
    "factory": ("make_delivery", "make_event"),
    "fault_proxy": ("FaultProxy",),
    "http_sink": ("Answer", "HttpSink"),
    "listener_store_contract": ("ListenerStoreContract",),
    "notifier_contract": ("NotifierContract",),
    "outbox_contract": ("OutboxContract",),
    "smtp_sink": ("SmtpSink",),
}


def __getattr__(name: str) -> Any:
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
