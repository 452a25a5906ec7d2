"""What authors of notifiers, stores and applications need to test against real sockets and real time.

- Servers on the loopback address and a free port: `http_sink.HttpSink`, `smtp_sink.SmtpSink` (needs the extra
  `pulp-events[test-smtp]`), `amqp_broker.AmqpBroker` (needs `pulp-events[test-amqp]`); and `fault_proxy.FaultProxy`,
  which lets things go wrong on the way to any of them, or to a server of yours.
- Contracts, test classes to be subclassed: `notifier_contract.NotifierContract`,
  `listener_store_contract.ListenerStoreContract`, `outbox_contract.OutboxContract`.
- `clock.FakeClock`, `factory.make_event` and `make_delivery`, `admin.Admin` (runs `pulp-admin`).
- Fixtures for pytest over all of these: `pytest_plugin`, found by pytest itself.

Import them from their modules: nothing is imported here, so that no library is needed for what is not used.
"""
