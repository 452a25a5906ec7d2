"""Messages per second of the AMQP notifier's channel, against a bare proton sender that pipelines and one that blocks.

The broker is the test kit's, in a process of its own, once as it is and once settling each message half a second after
it came, with credit that is given as messages are settled, and as they come (which is Qpid C++'s way); with
PULP_EVENTS_RABBITMQ_ROOT set (see `.ci/install-rabbitmq`) also each real RabbitMQ 4. All senders give each message the
same body and properties and wait until every one is settled. Ours is driven as a dispatcher drives it: as many in
flight as the channel says, more as soon as some are settled.
"""

from __future__ import annotations

import contextlib
import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import Child, Row, in_turn

COUNT = 4000

SETTLED_LATE = 0.5
"""Seconds; a durable send to Qpid C++ was seen to take 0.45 s."""

BROKER = """
    import sys
    from pulp_events_amqp.testing import AmqpBroker, Faults
    faults = Faults(settle_after=float(sys.argv[1]), credit=int(sys.argv[2]), eager_credit=sys.argv[3] == "True")
    with AmqpBroker("qpid-cpp", faults=faults) as broker:
        print('"' + broker.url + '"', flush=True)
        sys.stdin.read()
"""

SENDER = """
    import json, sys, time
    from proton import Message
    from pulp_events.testing.factory import make_delivery
    url, address, count, how = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    delivery = make_delivery("repo.sync.start", {"repo_id": "pulp2", "padding": "x" * 600})

    def message():
        made = Message(delivery.report, id=delivery.id, subject=delivery.event_type, durable=True)
        made.inferred = True
        made.content_type = "application/json"
        made.creation_time = delivery.event_time.timestamp()
        made.properties = {"event_id": delivery.event_id, "event_type": delivery.event_type}
        if address.startswith("/"):
            made.address = address
        return made

    target = None if address.startswith("/") else address
    if how == "ours":
        from dataclasses import replace
        from pulp_events_amqp.notifier import AmqpNotifier
        notifier = AmqpNotifier()
        config = notifier.config_schema().load({"exchange": "amq.topic"})
        channel = notifier.open(config, notifier.settings_schema().load({"url": url}))
        channel.open()
        deliveries = [replace(delivery, id=str(number)) for number in range(count)]

        def send():
            waiting, in_flight = deliveries[::-1], 0
            while waiting or in_flight:
                room = min(len(waiting), channel.in_flight - in_flight)
                if room > 0:
                    channel.submit([waiting.pop() for _ in range(room)])
                    in_flight += room
                for _, failure in channel.settled(0.05):
                    assert failure is None, failure
                    in_flight -= 1

    elif how == "blocking":
        from proton.utils import BlockingConnection
        connection = BlockingConnection(url)
        sender = connection.create_sender(target)

        def send():
            for _ in range(count):
                sender.send(message())

    else:
        from proton.handlers import MessagingHandler
        from proton.reactor import Container

        class Bare(MessagingHandler):
            def __init__(self):
                super().__init__()
                self.left, self.waiting, self.began, self.took = 0, False, 0.0, None

            def on_start(self, event):
                self.connection = event.container.connect(url)
                self.sender = event.container.create_sender(self.connection, target)

            def on_sendable(self, event):
                if not self.began:
                    self.began, self.left, self.open = time.perf_counter(), count, count
                while self.left and event.sender.credit:
                    event.sender.send(message())
                    self.left -= 1

            def on_settled(self, event):
                self.open -= 1
                if not self.open:
                    self.took = time.perf_counter() - self.began
                    event.connection.close()

        def send():
            bare = Bare()
            Container(bare).run()
            return bare.took

    for line in sys.stdin:
        began = time.perf_counter()
        took = send() or time.perf_counter() - began
        print(json.dumps(count / took), flush=True)
"""


def run() -> Iterator[Row]:
    """The rows."""
    late = f"settling after {SETTLED_LATE} s"
    for named, settle_after, credit, eager, blocking in (
        ("test broker", 0.0, 200, False, True),
        (f"test broker {late}, credit 500 as messages come", SETTLED_LATE, 500, True, False),
        (f"test broker {late}, credit 1000 as they are settled", SETTLED_LATE, 1000, False, False),
    ):
        with Child(BROKER, settle_after, credit, eager) as broker:
            yield from _measure(named, broker.read(), "amq.topic", blocking)
    for root in _module().roots():
        with _rabbitmq(root) as (version, url):
            yield from _measure(f"RabbitMQ {version}", url, "/exchanges/amq.topic/repo.sync.start", True)


def _measure(broker: str, url: str, address: str, with_blocking: bool) -> Iterator[Row]:
    senders = [("ours", COUNT, 0.0), ("bare", COUNT, 0.8), *([("blocking", COUNT // 4, 4.0)] if with_blocking else [])]
    with contextlib.ExitStack() as stack:
        children = [stack.enter_context(Child(SENDER, url, address, count, how)) for how, count, _ in senders]
        ours, *others = in_turn(*(lambda child=child: child.ask("go") for child in children))  # type: ignore[misc]
    names = {"bare": "bare proton, pipelined", "blocking": "blocking sends"}
    for (how, _, target), rate in zip(senders[1:], others, strict=True):
        yield Row(
            f"one channel, {broker}: messages; {names[how]}",
            f"{ours:.0f}/s",
            f"{rate:.0f}/s",
            ours / rate,
            f"≥ {target}",
            ours / rate >= target,
        )


def _module() -> Any:
    """What starts the servers for the tests of the AMQP notifier."""
    path = Path(__file__).parents[1] / "plugins/amqp/tests/rabbitmq.py"
    spec = importlib.util.spec_from_file_location("rabbitmq_server", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _rabbitmq(root: Path) -> Iterator[tuple[str, str]]:
    """Version and URL of a server as the tests of the AMQP notifier start it."""
    module = _module()
    with module.RabbitMQ(root) as server:
        url = server.url()
        _bind(url)
        yield module.version(root), url


def _bind(url: str) -> None:
    """A durable queue, so that a message is accepted once it is on disk."""
    from pulp_events_amqp.address import parse_urls
    from pulp_events_amqp.connecting import open_engine
    from pulp_events_amqp.dialects.link_pair import request
    from pulp_events_amqp.settings import MessagingSettings

    engine = open_engine(parse_urls(url)[0], MessagingSettings().load({"url": url}), time.monotonic() + 10)
    queue = {"durable": True, "exclusive": False, "auto_delete": False, "arguments": {}}
    binding = {"source": "amq.topic", "binding_key": "#", "destination_queue": "bench", "arguments": {}}
    for method, path, body in (("PUT", "/queues/bench", queue), ("POST", "/bindings", binding)):
        engine.perform(lambda: request(engine, method, path, body), time.monotonic() + 10, path)  # noqa: B023
    engine.close()
