"""What goes over the socket, byte for byte, and how it is read."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from proton import Data, Described, symbol, ulong

from pulp_events_amqp import connecting
from pulp_events_amqp.testing import AmqpBroker

_ATTACH, _TARGET = ulong(0x12), ulong(0x29)


class Recorder(socket.socket):
    """A socket that remembers what was done with it."""

    def __init__(self, original: socket.socket) -> None:
        super().__init__(original.family, original.type, original.proto, original.detach())
        self.setblocking(False)
        self.sent = b""
        self.calls: list[str] = []

    def send(self, data: Any, flags: int = 0) -> int:
        count = super().send(data, flags)
        self.sent += bytes(data[:count])
        return count

    def recv(self, size: int, flags: int = 0) -> bytes:
        data = super().recv(size, flags)
        self.calls.append("recv")
        return data

    def setsockopt(self, *arguments: Any) -> None:
        super().setsockopt(*arguments)
        if arguments[:2] == (socket.IPPROTO_TCP, getattr(socket, "TCP_QUICKACK", None)):
            self.calls.append(f"quickack {arguments[2]}")


@pytest.fixture
def recorders(monkeypatch) -> list[Recorder]:
    """The sockets of all connections that are made."""
    made: list[Recorder] = []
    connect = connecting.connect

    def recording(*arguments: Any) -> Recorder:
        made.append(Recorder(connect(*arguments)))
        return made[-1]

    monkeypatch.setattr(connecting, "connect", recording)
    return made


def performatives(sent: bytes) -> list[Described]:
    """The AMQP frames' performatives (AMQP 1.0 §2.3); the headers and SASL frames before them are passed over."""
    found = []
    rest = sent
    while len(rest) >= 8:
        if rest[:4] == b"AMQP":
            rest = rest[8:]
            continue
        size, offset, kind = int.from_bytes(rest[:4], "big"), rest[4] * 4, rest[5]
        if kind == 0 and size > offset:
            data = Data()
            data.decode(rest[offset:size])
            data.next()
            found.append(data.get_object())
        rest = rest[size:]
    return found


def target_of(sent: bytes, address: str) -> list[Any]:
    """Fields of the target of the attach frame to an address."""
    for performative in performatives(sent):
        if performative.descriptor == _ATTACH and isinstance(target := performative.value[6], Described):
            assert target.descriptor == _TARGET
            if target.value[0] == address:
                return target.value
    raise AssertionError(f"nothing was attached to {address}")


def test_qpid_is_asked_for_a_durable_topic_exchange(broker, make_delivery, open_channel, recorders) -> None:
    """By properties with symbols as keys: capabilities alone make an exchange that a restart takes away."""
    open_channel(broker.url).send(make_delivery())
    (recorder,) = recorders
    address, durable, expiry, timeout, dynamic, properties, capabilities = target_of(recorder.sent, "pulp")
    assert properties == {"exchange-type": "topic", "durable": True}
    assert all(isinstance(key, symbol) for key in properties)
    assert list(capabilities) == ["create-on-demand", "topic"]
    assert not durable and not dynamic, "of the terminus, which is another thing than the exchange"
    assert b"\xa3\x0dexchange-type\xa1\x05topic" in recorder.sent and b"\xa3\x07durable\x41" in recorder.sent


@pytest.mark.parametrize(
    ("product", "address", "wanted"),
    [
        ("ActiveMQ", "topic://pulp", []),
        ("apache-activemq-artemis", "pulp", ["topic"]),
        ("Apache Qpid Broker-J Core", "pulp", ["DISCARD_UNROUTABLE"]),
        ("mystery-mq", "pulp", ["create-on-demand", "topic"]),
    ],
)
def test_no_other_broker_is_sent_properties(product, address, wanted, make_delivery, open_channel, recorders) -> None:
    """They are not to be there unless the node is dynamic (AMQP 1.0 §3.5.4); Qpid C++ is lax about it."""
    with AmqpBroker(product) as broker:
        open_channel(broker.url).send(make_delivery())
        target = [*target_of(recorders[0].sent, address), *[None] * 7][:7]
        assert target[5] is None and list(target[6] or []) == wanted


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="Linux only")
def test_what_comes_is_acknowledged_at_once(broker, make_delivery, open_channel, recorders) -> None:
    """Else a broker without TCP_NODELAY waits for our acknowledgement, and we for what it would say next."""
    channel = open_channel(broker.url)
    for number in range(5):
        channel.send(make_delivery(number))
    calls = list(recorders[0].calls)
    assert calls.count("recv") > 5
    pairs = list(zip(calls[::2], calls[1::2], strict=False))
    assert set(pairs) == {("recv", "quickack 1")}
