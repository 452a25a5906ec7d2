"""Consumers of the in-process broker get what they bound, by AMQP's topic rules, over real links."""

from __future__ import annotations

import pytest
from proton import Described, symbol
from proton.reactor import Filter
from proton.utils import BlockingConnection

from pulp_events_amqp.testing import AmqpBroker

EVENT_TYPES = ["repo.sync.start", "repo.sync.finish", "repo.publish.finish", "consumer.bind"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("repo.#", EVENT_TYPES[:3]),
        ("repo.*.finish", EVENT_TYPES[1:3]),
        ("#", EVENT_TYPES),
        ("*", []),
        ("consumer.bind", EVENT_TYPES[3:]),
    ],
)
def test_a_consumer_gets_exactly_its_events(pattern, expected, broker, make_delivery, open_channel) -> None:
    connection = BlockingConnection(broker.url, timeout=5)
    binding = Described(symbol("apache.org:legacy-amqp-topic-binding:string"), pattern)
    receiver = connection.create_receiver("pulp", credit=10, options=Filter({symbol("binding"): binding}))
    channel = open_channel(broker.url)
    for number, event_type in enumerate(EVENT_TYPES):
        channel.send(make_delivery(number, event_type))
    subjects = []
    for _ in expected:
        subjects.append(receiver.receive().subject)
        receiver.accept()
    connection.close()
    assert subjects == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("repo.#", EVENT_TYPES[:3]),
        ("repo.*.finish", EVENT_TYPES[1:3]),
        ("#", EVENT_TYPES),
        ("consumer.bind", EVENT_TYPES[3:]),
    ],
)
def test_broker_j_takes_the_pattern_in_the_address(pattern, expected, make_delivery, open_channel) -> None:
    with AmqpBroker("Apache Qpid Broker-J Core") as broker:
        assert received(broker, f"pulp/{pattern}", None, expected, make_delivery, open_channel) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, EVENT_TYPES),
        ("JMSType LIKE 'repo.%'", EVENT_TYPES[:3]),
        ("JMSType LIKE 'repo.%.finish'", EVENT_TYPES[1:3]),
        ("JMSType = 'consumer.bind'", EVENT_TYPES[3:]),
    ],
)
def test_artemis_has_selectors_over_the_subject(selector, expected, make_delivery, open_channel) -> None:
    described = Described(symbol("apache.org:selector-filter:string"), selector)
    options = Filter({symbol("selector"): described}) if selector else None
    with AmqpBroker("apache-activemq-artemis") as broker:
        assert received(broker, "pulp", options, expected, make_delivery, open_channel) == expected


def received(broker, address, options, expected, make_delivery, open_channel) -> list[str]:
    """Subjects of what a consumer gets; every event is published once it is there."""
    connection = BlockingConnection(broker.url, timeout=5)
    receiver = connection.create_receiver(address, credit=10, options=options)
    channel = open_channel(broker.url)
    outcomes = channel.send_batch([make_delivery(number, event_type) for number, event_type in enumerate(EVENT_TYPES)])
    assert all(failure is None for _, failure in outcomes)
    subjects = []
    for _ in expected:
        subjects.append(receiver.receive().subject)
        receiver.accept()
    receiver.drain(1)
    assert not receiver.fetcher.has_message
    connection.close()
    return subjects


def test_rabbitmq_accepts_what_somebody_is_bound_for(rabbit_like, make_delivery, open_channel) -> None:
    subscription = rabbit_like.bind("pulp", "repo.*.finish")
    channel = open_channel(rabbit_like.url)
    for number, event_type in enumerate(EVENT_TYPES):
        channel.send(make_delivery(number, event_type))
    assert [message.outcome for message in rabbit_like.wait_for(4)] == ["release", "accept", "accept", "release"]
    assert [message.subject for message in subscription.messages] == EVENT_TYPES[1:3]
