"""Against a real RabbitMQ 4."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from proton import Message, Timeout
from proton.utils import BlockingConnection

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import TimedOut
from pulp_events_amqp.dialects.link_pair import request

pytestmark = [pytest.mark.rabbitmq, pytest.mark.slow]

EVENT_TYPES = ["repo.sync.start", "repo.sync.finish", "repo.publish.start", "repo.publish.finish", "consumer.bind"]


@pytest.fixture
def url(rabbitmq) -> str:
    """As a user that may do everything."""
    return rabbitmq.url("admin")


def manage(channel, method: str, path: str, body: dict) -> None:
    """A request to RabbitMQ's management node over the channel's connection."""
    engine = channel._engine
    answer = engine.perform(lambda: request(engine, method, path, body), time.monotonic() + 10, "managing")
    assert answer.status in (201, 204), answer


def bind(channel, exchange: str, pattern: str, queue: str) -> None:
    """Make a durable queue that is bound to the exchange."""
    durable = {"durable": True, "exclusive": False, "auto_delete": False, "arguments": {}}
    manage(channel, "PUT", f"/queues/{queue}", durable)
    binding = {"source": exchange, "binding_key": pattern, "destination_queue": queue, "arguments": {}}
    manage(channel, "POST", "/bindings", binding)


def drain(url: str, queue: str, count: int) -> list[Message]:
    """`count` messages of a queue, and the assurance that there is not one more."""
    connection = BlockingConnection(url, timeout=10)
    receiver = connection.create_receiver(f"/queues/{queue}", credit=200)
    messages = []
    for _ in range(count):
        messages.append(receiver.receive())
        receiver.accept()
    receiver.drain(1)
    assert not receiver.fetcher.has_message
    connection.close()
    return messages


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("repo.#", EVENT_TYPES[:4]), ("repo.*.finish", [EVENT_TYPES[1], EVENT_TYPES[3]]), ("#", EVENT_TYPES)],
)
def test_consumers_get_exactly_the_events_that_they_bound(pattern, expected, url, make_delivery, open_channel) -> None:
    queue = f"q-{EVENT_TYPES.index(expected[0])}-{len(expected)}"
    channel = open_channel(url, "events")
    bind(channel, "events", pattern, queue)
    deliveries = [make_delivery(number, event_type) for number, event_type in enumerate(EVENT_TYPES)]
    assert all(failure is None for _, failure in channel.send_batch(deliveries))
    messages = drain(url, queue, len(expected))
    assert [message.subject for message in messages] == expected
    by_id = {delivery.id: delivery for delivery in deliveries}
    for message in messages:
        assert bytes(message.body) == by_id[message.id].report
        assert message.durable and message.content_type == "application/json"
        assert message.correlation_id == "79be77a8"
        assert message.properties["event_type"] == message.subject


@pytest.mark.parametrize("exchange", ["made-by-us", "a b/ü", "amq.topic", "is-there"])
def test_an_exchange_is_made_when_absent_and_used_when_there(exchange, url, make_delivery, open_channel) -> None:
    for _ in range(2):
        channel = open_channel(url, exchange)
        channel.send(make_delivery())
        assert channel.product == "RabbitMQ"


def test_an_exchange_of_another_type_is_permanent_and_both_types_are_named(url, open_channel) -> None:
    with pytest.raises(PermanentFailure, match=r"'is-direct' is of type direct.*topic"):
        open_channel(url, "is-direct")


def test_an_exchange_that_was_deleted_meanwhile_is_made_anew(url, make_delivery, open_channel) -> None:
    channel = open_channel(url, "short-lived")
    channel._exchange = "deleted"  # as good as deleted; an administrator would need rabbitmqctl for it
    with pytest.raises(TransientFailure, match="'deleted' is gone: amqp:not-found"):
        channel.send(make_delivery())
    assert channel.broken
    open_channel(url, "short-lived").send(make_delivery())


def test_without_permission_to_publish_the_failure_has_the_brokers_words(rabbitmq, make_delivery, open_channel) -> None:
    with pytest.raises(TransientFailure, match=r"amqp:unauthorized-access: write access to exchange 'is-there'"):
        open_channel(rabbitmq.url("reader"), "is-there").send(make_delivery())


def test_what_nobody_is_bound_for_is_delivered(url, make_delivery, open_channel) -> None:
    open_channel(url, "nobody-listens").send(make_delivery())


def test_without_permission_to_make_it_an_exchange_is_used_if_it_is_there(
    rabbitmq, make_delivery, open_channel
) -> None:
    open_channel(rabbitmq.url("publisher"), "is-there").send(make_delivery())
    with pytest.raises(TransientFailure, match=r"'not-there'.*no exchange.*'configure'.*missing") as caught:
        open_channel(rabbitmq.url("publisher"), "not-there")
    assert not isinstance(caught.value, TimedOut)


def test_a_wrong_password_is_refused(rabbitmq, open_channel) -> None:
    with pytest.raises(TransientFailure, match="SASL PLAIN as user 'admin'") as caught:
        open_channel(rabbitmq.url("admin").replace(":admin@", ":s3cret@"))
    assert "s3cret" not in str(caught.value)


def test_a_virtual_host_is_the_urls_path(url, make_delivery, open_channel) -> None:
    open_channel(f"{url}/pulp", "only-here").send(make_delivery())
    with pytest.raises(TransientFailure, match="nowhere"):
        open_channel(f"{url}/nowhere")


def test_a_batch_of_large_reports_is_delivered(url, make_delivery, open_channel) -> None:
    channel = open_channel(url, "large")
    bind(channel, "large", "#", "large")
    report = b'{"payload": "%s"}' % (b"x" * 250_000)
    outcomes = list(channel.send_batch([make_delivery(number, report=report) for number in range(20)]))
    assert all(failure is None for _, failure in outcomes)
    assert [len(message.body) for message in drain(url, "large", 20)] == [len(report)] * 20


@pytest.mark.xfail(
    strict=False,
    reason="seen to lack 1,000 of 2,000 in 2 of 20 runs under load; what RabbitMQ did with them is not known",
)
def test_a_broker_killed_in_mid_stream_loses_nothing(rabbitmq, url, make_delivery, open_channel) -> None:
    """Every delivery that was reported as delivered is in the queue after the restart; the others may be sent again."""
    channel = open_channel(url, "killed", timeout="10s")
    bind(channel, "killed", "#", "killed")
    waiting = {delivery.id: delivery for delivery in (make_delivery(number) for number in range(2000))}
    details = []
    killed, deadline = False, time.monotonic() + 90
    while waiting:
        assert time.monotonic() < deadline
        if channel.broken:
            channel.close()
            try:
                channel = open_channel(url, "killed", timeout="10s")
            except TransientFailure:
                time.sleep(0.1)
                continue
        for delivery, failure in channel.send_batch(list(waiting.values())[:100]):
            if failure is None:
                del waiting[delivery.id]
                details.append((channel.detail, killed, delivery.id))
            else:
                assert isinstance(failure, TransientFailure)
            if not killed and len(waiting) == 1050:
                killed = True
                rabbitmq.kill()
        if killed and killed is not None and channel.broken:
            rabbitmq.start()
            killed = None
    connection = BlockingConnection(url, timeout=30)
    receiver = connection.create_receiver("/queues/killed", credit=200)
    found = set()
    while len(found) < 2000:
        try:
            found.add(receiver.receive().id)
        except Timeout:
            kinds = Counter((said, when, delivery_id in found) for said, when, delivery_id in details)
            pytest.fail(f"{2000 - len(found)} are not in the queue; (answer, killed, found) of all: {kinds}")
        receiver.accept()
    connection.close()
