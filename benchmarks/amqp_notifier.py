"""Messages per second of the AMQP notifier's channel, against a bare proton sender that pipelines and one that blocks.

The broker is the test kit's, in a process of its own; with PULP_EVENTS_RABBITMQ_ROOT set (see `.ci/install-rabbitmq`)
also a real RabbitMQ 4. All three senders give each message the same body and properties and wait until every one is
settled.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Child, Row, in_turn

COUNT = 4000

BROKER = """
    import sys
    from pulp_events.testing.amqp_broker import AmqpBroker
    with AmqpBroker("qpid-cpp") as broker:
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
            size = channel.batch_size
            for start in range(0, count, size):
                for _, failure in channel.send_batch(deliveries[start:start + size]):
                    assert failure is None, failure

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
    with Child(BROKER) as broker:
        yield from _measure("test broker", broker.read(), "amq.topic")
    root = os.environ.get("PULP_EVENTS_RABBITMQ_ROOT")
    if root:
        with _rabbitmq(Path(root)) as url:
            yield from _measure("RabbitMQ 4", url, "/exchanges/amq.topic/repo.sync.start")


def _measure(broker: str, url: str, address: str) -> Iterator[Row]:
    with contextlib.ExitStack() as stack:
        senders = [
            stack.enter_context(Child(SENDER, url, address, count, how))
            for how, count in (("ours", COUNT), ("bare", COUNT), ("blocking", COUNT // 4))
        ]
        ours, bare, blocking = in_turn(*(lambda child=child: child.ask("go") for child in senders))  # type: ignore[misc]
    for peer, rate, target in (("bare proton, pipelined", bare, 0.8), ("blocking sends", blocking, 4.0)):
        yield Row(
            f"one channel, {broker}: messages; {peer}",
            f"{ours:.0f}/s",
            f"{rate:.0f}/s",
            ours / rate,
            f"≥ {target}",
            ours / rate >= target,
        )


@contextlib.contextmanager
def _rabbitmq(root: Path) -> Iterator[str]:
    """The URL of a server as the tests of the AMQP notifier start it."""
    path = Path(__file__).parents[1] / "plugins/amqp/tests/rabbitmq.py"
    spec = importlib.util.spec_from_file_location("rabbitmq_server", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.RabbitMQ(root) as server:
        url = server.url()
        _bind(url)
        yield url


def _bind(url: str) -> None:
    """A durable queue, so that a message is accepted once it is on disk."""
    from pulp_events_amqp.dialects.link_pair import request
    from pulp_events_amqp.settings import MessagingSettings
    from pulp_events_amqp.shared_connection import open_engine, parse_urls

    engine = open_engine(parse_urls(url)[0], MessagingSettings().load({"url": url}), time.monotonic() + 10)
    queue = {"durable": True, "exclusive": False, "auto_delete": False, "arguments": {}}
    binding = {"source": "amq.topic", "binding_key": "#", "destination_queue": "bench", "arguments": {}}
    for method, path, body in (("PUT", "/queues/bench", queue), ("POST", "/bindings", binding)):
        engine.perform(lambda: request(engine, method, path, body), time.monotonic() + 10, path)  # noqa: B023
    engine.close()
