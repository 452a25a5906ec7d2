"""What an administrator is told when the address is not that of an AMQP 1.0 broker, or not the right way in."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator

import pytest
import trustme

from pulp_events import TransientFailure
from pulp_events_amqp.durations import seconds
from pulp_events_amqp.testing import AmqpBroker, Faults


class Greeter:
    """A server that says something to whoever says something, and hangs up."""

    def __init__(self, greeting: bytes) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._greeting = greeting
        self.url = f"amqp://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        peer, _ = self._server.accept()
        with peer:
            peer.settimeout(60)
            peer.recv(1024)
            if self._greeting:
                peer.sendall(self._greeting)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(1024):
                    pass

    def close(self) -> None:
        self._thread.join()
        self._server.close()


@pytest.fixture
def greet() -> Iterator:
    greeters: list[Greeter] = []

    def make(greeting: bytes) -> str:
        greeters.append(Greeter(greeting))
        return greeters[-1].url

    yield make
    for greeter in greeters:
        greeter.close()


@pytest.mark.parametrize(
    ("greeting", "hint"),
    [
        (b"\x15\x03\x03\x00\x02\x02\x46", "that is a TLS port; write amqps:// in [messaging] url"),
        (b"AMQP\x00\x00\x09\x01", "another version of AMQP (its header is 41 4d 51 50 00 00 09 01)"),
        (b"AMQP\x01\x01\x00\x0a", "another version of AMQP"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a web server's port"),
        (b"", "is that a TLS port (amqps://"),
        (b"hello", 'its answer begins with "hello"; check the host and port in [messaging] url'),
        (b"220 mail.example.com ESMTP\r\n", 'its answer begins with "220 mail"; check the host and port'),
        (b"\x00\xff\x01\x02\x80abc", "its answer begins with 00 ff 01 02 80 61 62 63; check the host and port"),
        (b"AM", 'it ended after "AM"'),
    ],
)
def test_what_speaks_something_else_is_recognised(greeting, hint, greet, open_channel) -> None:
    with pytest.raises(TransientFailure, match=re.escape(hint)) as caught:
        open_channel(greet(greeting))
    assert "framing-error" not in str(caught.value) and "\\x" not in str(caught.value)


def test_a_real_tls_port_is_recognised(tmp_path, open_channel) -> None:
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    with (
        AmqpBroker(certificate=str(tmp_path / "server.pem")) as broker,
        pytest.raises(TransientFailure, match=r"TLS port.*amqps://"),
    ):
        open_channel(broker.url.replace("amqps://", "amqp://"))


def test_a_port_without_tls_is_recognised(broker, open_channel) -> None:
    with pytest.raises(TransientFailure, match=r"no TLS with .*amqp:// in \[messaging\] url"):
        open_channel(f"amqps://localhost:{broker.port}")


def test_what_is_left_of_a_time_limit_is_told_as_people_know_it(open_channel) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=1) as server,
        pytest.raises(TransientFailure, match=r"no TLS handshake with .* within 0\.3 s"),
    ):
        open_channel(f"amqps://localhost:{server.getsockname()[1]}", timeout="300ms")
    assert [seconds(value) for value in (4.99999, 10.0, 0.3, 0.04, 1500.0)] == [
        "5 s",
        "10 s",
        "0.3 s",
        "0.04 s",
        "1500 s",
    ]


def test_no_credit_names_what_to_look_for(make_delivery, open_channel) -> None:
    with AmqpBroker(faults=Faults(credit=0)) as broker:
        channel = open_channel(broker.url)
        channel._timeout = 0.2
        with pytest.raises(TransientFailure, match=r"no credit .*a queue that is not being consumed, or a memory"):
            channel.send(make_delivery())


@pytest.mark.parametrize(
    ("may_create", "permission"), [(False, "the permission 'admin' to create it"), (True, "the permission 'write'")]
)
def test_permissions_have_the_words_of_activemq(may_create, permission, make_delivery, open_channel) -> None:
    with AmqpBroker("ActiveMQ") as broker:
        broker.faults.may_create, broker.faults.may_publish = may_create, False
        with pytest.raises(TransientFailure, match=permission):
            open_channel(broker.url)


def test_failures_that_are_for_credentials_say_so(make_delivery, open_channel, tmp_path) -> None:
    """The dispatcher then tries once more over a channel that is opened again."""
    ca = trustme.CA()
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    failures = []
    with AmqpBroker(users={"pulp": "another"}, certificate=str(tmp_path / "server.pem")) as broker:
        with pytest.raises(TransientFailure) as caught:
            open_channel(broker.url)
        failures.append(caught.value)
        ca.cert_pem.write_to_path(tmp_path / "ca.pem")
        with pytest.raises(TransientFailure) as caught:
            open_channel(broker.url, username="pulp", password="s3cret", cacert=str(tmp_path / "ca.pem"))
        failures.append(caught.value)
    for product in ("qpid-cpp", "RabbitMQ", "ActiveMQ", "apache-activemq-artemis", "Apache Qpid Broker-J Core"):
        with AmqpBroker(product) as broker:
            broker.exchanges["pulp"] = "topic"
            broker.faults.may_publish = False
            with pytest.raises(TransientFailure) as caught:
                open_channel(broker.url).send(make_delivery())
            failures.append(caught.value)
            broker.faults.may_create = False
            with pytest.raises(TransientFailure) as caught:
                open_channel(broker.url, "absent")
            failures.append(caught.value)
    assert [failure for failure in failures if not failure.credentials] == []
    with AmqpBroker() as broker:
        broker.faults.outcome = "modify"
        with pytest.raises(TransientFailure) as caught:
            open_channel(broker.url).send(make_delivery())
        assert not caught.value.credentials
