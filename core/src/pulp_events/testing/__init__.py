"""What authors of notifiers, stores and applications need to test against real sockets and real time.

- Servers on the loopback address and a free port: `HttpSink`, `SmtpSink` (needs the extra `pulp-events[test-smtp]`);
  and `FaultProxy`, which lets things go wrong on the way to either of them, or to a server of yours. A server that only
  one notifier's tests need comes with that notifier, as `pulp_events_amqp.testing` does.
- Contracts, test classes to be subclassed: `NotifierContract`, `ObserverContract`, `EnricherContract`,
  `ListenerStoreContract`, `OutboxContract`.
- `record_events`: what an application emits, whichever way it has its bus; nothing is sent.
- `open_bus` and `plugins_of`: a bus with the plugins that a test gives it. `FakeClock`, `make_event`, `make_delivery`,
  `Admin` (runs `pulp-admin`).
- Fixtures for pytest over all of these: `pytest_plugin`, found by pytest itself.

A name's module is imported when the name is first used, so that no library is needed for what is not used.
"""

from pulp_events.system.late_names import late_names

__getattr__, __dir__, __all__ = late_names(__name__)
