"""`pulp-admin event config check --probe`."""

from __future__ import annotations

import re
from collections import deque

import pytest
import trustme

from pulp_events import TransientFailure
from pulp_events_amqp.notifier import AmqpNotifier
from pulp_events_amqp.settings import MessagingSettings
from pulp_events_amqp.testing import AmqpBroker

ARTEMIS, BROKER_J = "apache-activemq-artemis", "Apache Qpid Broker-J Core"


def probe(url: str, **settings: str) -> list[str]:
    return list(AmqpNotifier().probe(MessagingSettings().load({"url": url, "topic_exchange": "pulp", **settings})))


@pytest.mark.parametrize(
    ("product", "version", "permissions"),
    [
        ("qpid-cpp", "1.40.0", "permission 'publish exchange': unknown"),
        ("RabbitMQ", "4.0.5", "permission 'write': yes; permission 'configure': yes"),
        (BROKER_J, "9.2.0", "permission 'PUBLISH EXCHANGE': unknown"),
    ],
)
def test_it_tells_product_version_exchange_and_permissions(product, version, permissions) -> None:
    with AmqpBroker(product) as broker:
        broker.exchanges["pulp"] = "topic"
        first, second = probe(broker.url)
        assert first == f"{broker.url}: {product} {version}, no TLS, SASL ANONYMOUS"
        assert second.startswith("exchange 'pulp': there") and permissions in second
        assert broker.messages == []


@pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ", BROKER_J])
def test_an_absent_exchange_is_told_and_not_made(product) -> None:
    with AmqpBroker(product) as broker:
        assert "'pulp': absent" in probe(broker.url)[1]
        assert "pulp" not in broker.exchanges


@pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ", "ActiveMQ", ARTEMIS, BROKER_J, "mystery-mq"])
def test_nothing_is_made_where_a_queue_has_the_name(product) -> None:
    with AmqpBroker(product) as broker:
        broker.queues["pulp"] = deque()
        before = dict(broker.exchanges), dict(broker.queues)
        assert "of type topic" not in probe(broker.url)[1]
        assert (broker.exchanges, broker.queues) == before


@pytest.mark.parametrize("product", ["ActiveMQ", ARTEMIS])
def test_a_broker_that_makes_whatever_is_attached_to_cannot_be_asked(product) -> None:
    with AmqpBroker(product) as broker:
        assert "cannot report" in probe(broker.url)[1]
        assert "pulp" not in broker.exchanges and broker.queues == {}


@pytest.mark.parametrize("kind", ["topic", "direct", None])
def test_of_a_broker_that_is_not_known_it_says_what_could_not_be_verified(kind) -> None:
    with AmqpBroker("mystery-mq") as broker:
        if kind:
            broker.exchanges["pulp"] = kind
        assert re.search(r"'pulp': not verified that .* is a topic exchange: mystery-mq 1\.0", probe(broker.url)[1])
        assert broker.queues == {}


def test_what_qpid_tells_only_when_it_may_make_an_exchange_is_not_claimed() -> None:
    with AmqpBroker() as broker:
        broker.exchanges["pulp"] = "direct"
        assert "there, not verified to be a topic exchange until the first event" in probe(broker.url)[1]


@pytest.mark.parametrize("product", ["RabbitMQ", BROKER_J])
def test_the_permission_to_make_exchanges_is_told(product) -> None:
    with AmqpBroker(product) as broker:
        broker.exchanges["pulp"] = "topic"
        broker.faults.may_create = False
        assert re.search(r"permission '(configure|CREATE EXCHANGE)': no", probe(broker.url)[1])


@pytest.mark.parametrize("product", ["RabbitMQ", BROKER_J])
def test_an_exchange_of_another_type_is_a_problem(product) -> None:
    with AmqpBroker(product) as broker:
        broker.exchanges["pulp"] = "direct"
        with pytest.raises(TransientFailure, match="of type direct.*topic"):
            probe(broker.url)


@pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ"])
def test_a_missing_permission_to_publish_is_a_problem(product) -> None:
    with AmqpBroker(product) as broker:
        broker.exchanges["pulp"] = "topic"
        broker.faults.may_publish = False
        with pytest.raises(TransientFailure, match=r"permission '(write|publish exchange)' .* is missing"):
            probe(broker.url)


def test_every_broker_of_the_list_is_asked_and_a_failure_of_one_is_told_last() -> None:
    with AmqpBroker() as one, AmqpBroker("RabbitMQ") as other:
        one.stop()
        lines = AmqpNotifier().probe(MessagingSettings().load({"url": f"{one.url}, {other.url}"}))
        assert next(lines).startswith(f"{other.url}: RabbitMQ")
        assert next(lines).startswith("exchange 'amq.topic': there")
        with pytest.raises(TransientFailure, match=f"{one.url}: Connection refused"):
            next(lines)


def test_login_and_tls_are_told_and_no_password(tmp_path) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    with AmqpBroker(certificate=str(tmp_path / "server.pem"), users={"pulp": "s3cret"}) as broker:
        settings = {"cacert": str(tmp_path / "ca.pem"), "username": "pulp", "password": "s3cret"}
        lines = probe(broker.url, **settings)
        assert "TLSv1.3, SASL PLAIN as user 'pulp'" in lines[0]
        assert "s3cret" not in " ".join(lines)


def test_the_command_line_shows_it(pulp_events_admin, pulp_events_settings) -> None:
    with AmqpBroker("RabbitMQ", users={"pulp": "s3cret"}) as broker:
        url = broker.url.replace("amqp://", "amqp://pulp:s3cret@")
        with pulp_events_settings.open("a") as conf:
            conf.write(f"[messaging]\nurl = {url}\n")
        result = pulp_events_admin("event", "config", "check", "--probe")
        assert f"{broker.url}: RabbitMQ 4.0.5" in " ".join(result.out.split())
        assert "exchange 'amq.topic': there" in " ".join(result.out.split())
        assert "s3cret" not in result.out + result.err
