"""`AmqpBroker`: the broker and its thread."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Literal

from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.manners import manner_of
from pulp_events_amqp.testing.manners.base import Manner
from pulp_events_amqp.testing.messages import ReceivedMessage
from pulp_events_amqp.testing.nodes import Nodes, Subscription
from pulp_events_amqp.testing.peer import Peer

Product = Literal["qpid-cpp", "RabbitMQ", "ActiveMQ", "apache-activemq-artemis", "Apache Qpid Broker-J Core"] | str
_TICK = 0.25
"""Seconds between looks at connections' idle time-outs."""


class AmqpBroker:
    """An AMQP 1.0 broker on 127.0.0.1. A context manager; `start` and `stop` do the same.

    Topic exchanges by AMQP's rules, behaving like one of five products. Nothing is stored, and unrouted messages are
    only kept in `messages`.
    """

    def __init__(
        self,
        product: Product = "qpid-cpp",
        *,
        port: int = 0,
        users: Mapping[str, str] | None = None,
        certificate: str | None = None,
        key: str | None = None,
        client_ca: str | None = None,
        idle_timeout: float = 0.0,
        faults: Faults | None = None,
    ) -> None:
        """
        `product`: what it calls itself, and whose manners it has: `qpid-cpp`, `RabbitMQ`, `ActiveMQ`,
        `apache-activemq-artemis`, `Apache Qpid Broker-J Core`; anything else takes any name for a queue's.
        `port`: 0 for a free one. `users`: passwords by name; SASL PLAIN is then demanded.
        `certificate`, `key`: PEM files, make it a TLS port. `client_ca`: PEM file; clients must show a certificate of
        that CA, and may authenticate with it (SASL EXTERNAL).
        `idle_timeout`: seconds of silence after which it drops a client; 0: never.
        """
        self.manner: Manner = manner_of(product)
        self.users: dict[str, str] = dict(users or {})
        self.idle_timeout = idle_timeout
        self.faults: Faults = faults or Faults()
        self.nodes: Nodes = Nodes(self.manner.exchanges)
        self.authentications: list[tuple[str, str]] = []
        """SASL mechanism and user name of each client that came, in order."""

        self.hostnames: list[str] = []
        """The `hostname` in the open frame of each client that came, in order: the host or a virtual one."""

        self._tls: ssl.SSLContext | None = None
        self._certified = client_ca is not None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate, key)
            if client_ca is not None:
                self._tls.load_verify_locations(client_ca)
                self._tls.verify_mode = ssl.CERT_REQUIRED
        self._port = port
        self._place: socket.socket | None = None
        self._messages: list[ReceivedMessage] = []
        self._arrived = threading.Condition()
        self._commands: deque[str | None] = deque()
        self._peers: list[Peer] = []
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.faults.on_alarm = self._tell_of_alarm

    # ---- life -------------------------------------------------------------------------------------------------------

    def start(self) -> AmqpBroker:
        """Listen. A stopped broker may be started again, on the same port; durable exchanges and messages remain."""
        if self._place is None:
            self._place = self._bound()
            self._port = self._place.getsockname()[1]
        self._listener = self._bound()
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._woken, self._waker = socket.socketpair()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="amqp-broker", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Drop every connection and stop listening. The port stays ours until the `with` ends."""
        if self._thread is not None:
            self._stopping = True
            self._waker.send(b"!")
            self._thread.join()
            self._thread = None
            self.nodes.end()
            for sock in (self._listener, self._woken, self._waker):
                sock.close()

    def __enter__(self) -> AmqpBroker:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._place is not None:
            self._place.close()
            self._place = None

    def _bound(self) -> socket.socket:
        """A socket that has the port, with others of ours. One of them stays, and never listens: otherwise the port
        would be free while the broker is stopped, and a server of another test could get it and answer there."""
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", self._port))
        return bound

    # ---- for tests --------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The TCP port."""
        return self._port

    @property
    def url(self) -> str:
        """`amqp://127.0.0.1:PORT`, or `amqps://localhost:PORT` with TLS (the name that a certificate can hold)."""
        return f"amqps://localhost:{self._port}" if self._tls else f"amqp://127.0.0.1:{self._port}"

    @property
    def queues(self) -> dict[str, deque[ReceivedMessage]]:
        """Queues that links were attached to by name; tests may add some before clients connect."""
        return self.nodes.queues

    @property
    def exchanges(self) -> dict[str, str]:
        """Type of each exchange by name; tests may add some before clients connect."""
        return self.nodes.exchanges

    @property
    def messages(self) -> list[ReceivedMessage]:
        """Everything published so far, in order of arrival, whether it was routed or not."""
        with self._arrived:
            return list(self._messages)

    @property
    def connections(self) -> int:
        """Number of clients connected now."""
        return len(self._peers)

    def wait_for(self, count: int, timeout: float = 30.0) -> list[ReceivedMessage]:
        """The messages, once there are at least `count`; TimeoutError after `timeout` seconds."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._messages) >= count, timeout):
                raise TimeoutError(f"{len(self._messages)} of {count} messages arrived within {timeout:g} s")
            return list(self._messages)

    def bind(self, exchange: str, pattern: str) -> Subscription:
        """Subscribe without a connection; the result's `messages` are the matching ones."""
        subscription = Subscription(exchange, pattern)
        self.nodes.subscriptions.append(subscription)
        return subscription

    def close_connections(self, condition: str = "amqp:connection:forced") -> None:
        """Close every connection with a condition, as an administrator's command would."""
        self._command(condition)

    def drop_connections(self) -> None:
        """Close every TCP connection without notice, as a crash would."""
        self._command(None)

    def _command(self, condition: str | None, timeout: float = 60.0) -> None:
        """Have the thread close all connections; return when they are gone. New ones may have come meanwhile.
        Raises TimeoutError."""
        present = list(self._peers)
        self._commands.append(condition)
        self._waker.send(b"!")
        with self._arrived:
            if not self._arrived.wait_for(
                lambda: not self._commands and not any(peer in self._peers for peer in present), timeout
            ):
                raise TimeoutError(f"connections were not closed within {timeout:g} s")

    def _tell_of_alarm(self, timeout: float = 60.0) -> None:
        """Have every client told that windows are closed, or open again; return when that is done. Raises
        TimeoutError."""
        if self._thread in (None, threading.current_thread()):
            return
        self._waker.send(b"!")
        with self._arrived:
            if not self._arrived.wait_for(
                lambda: all(peer.alarm == self.faults.blocked for peer in list(self._peers)), timeout
            ):
                raise TimeoutError(f"clients were not told of the alarm within {timeout:g} s")

    # ---- on the broker's thread -------------------------------------------------------------------------------------

    def publish(self, exchange: str, key: str | None, encoded: bytes, capabilities: Sequence[str] = ()) -> str:
        """Accept a message; its outcome. `key`: routing key, None for the message's subject. Raises Refusal."""
        faults = self.faults
        outcome: str = faults.outcome if faults.only_for in encoded else "accept"
        limit = faults.close_after if faults.close_after is not None else faults.drop_after
        if limit is not None and len(self._messages) + 1 >= limit:
            outcome = "never"
            self._commands.append("amqp:connection:forced" if faults.close_after is not None else None)
            faults.close_after = faults.drop_after = None
        message = ReceivedMessage(exchange, encoded, key, outcome)
        if outcome == "accept" and not self.nodes.route(message):
            message = replace(message, outcome=self.manner.unrouted(capabilities, message.routing_key))
        with self._arrived:
            self._messages.append(message)
            self._arrived.notify_all()
        return message.outcome

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while not self._stopping:
                for selected, _ in selector.select(self._next_tick()):
                    if selected.fileobj is self._listener:
                        self._accept(selector)
                    elif selected.fileobj is self._woken:
                        self._woken.recv(4096)
                    else:
                        selected.data.read()
                while self._commands:
                    condition = self._commands[0]
                    for peer in self._peers:
                        peer.close(condition)
                    with self._arrived:
                        self._commands.popleft()
                        self._arrived.notify_all()
                for peer in list(self._peers):
                    peer.settle()
                    alarm = self.faults.blocked
                    blocked = not peer.gone and peer.write(alarm)
                    if peer.alarm != alarm:
                        with self._arrived:
                            peer.alarm = alarm
                            self._arrived.notify_all()
                    if peer.gone:
                        self._forget(peer, selector)
                    else:
                        selector.modify(peer.socket, selectors.EVENT_READ | (blocked * selectors.EVENT_WRITE), peer)
            for peer in list(self._peers):
                self._forget(peer, selector)

    def _next_tick(self) -> float:
        due = min((peer.next_settlement for peer in self._peers), default=float("inf"))
        return min(_TICK, max(0.0, due - time.monotonic()))

    def _accept(self, selector: selectors.BaseSelector) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        if self._tls is not None:
            sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        peer = Peer(self, sock, self._certified)
        self._peers.append(peer)
        selector.register(sock, selectors.EVENT_READ, peer)

    def _forget(self, peer: Peer, selector: selectors.BaseSelector) -> None:
        selector.unregister(peer.socket)
        peer.forget()
        with self._arrived:
            self._peers.remove(peer)
            self._arrived.notify_all()
