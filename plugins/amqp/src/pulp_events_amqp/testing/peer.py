"""`Peer`: one client's connection."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

from proton import Collector, Condition, Connection, Endpoint, Event, Link, Session, Transport, symbol

from pulp_events_amqp.testing.house import House
from pulp_events_amqp.testing.links import Publisher, Subscriber, filters, properties, symbols
from pulp_events_amqp.testing.manners.base import RequestHandler, Target
from pulp_events_amqp.testing.nodes import Refusal
from pulp_events_amqp.testing.sasl import SaslServer
from pulp_events_amqp.testing.windows import Windows

_CHUNK = 256 * 1024
_FRAME = 128 * 1024
"""RabbitMQ's; with no limit at all, sessions have no window."""

_WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Peer:
    """Socket, SASL and AMQP of one client. Used on the broker's thread only."""

    def __init__(self, broker: House, sock: socket.socket, certified: bool) -> None:
        self.socket = sock
        self.gone = False
        self.alarm = False
        """What the client was last told: True if its sessions' windows are closed."""

        self._broker = broker
        self._sasl = SaslServer(broker.users, certified)
        self._output = b""
        self._transport = Transport(Transport.SERVER)
        self._transport.max_frame_size = _FRAME
        self._transport.idle_timeout = broker.idle_timeout
        if broker.manner.channel_max is not None:
            self._transport.channel_max = broker.manner.channel_max
        self._collector = Collector()
        self._connection = Connection()
        self._connection.collect(self._collector)
        self._transport.bind(self._connection)
        self._requests: RequestHandler | None = None
        self._subscribers: list[Subscriber] = []
        self._publishers: list[Publisher] = []
        self._windows = Windows()

    # ---- input and output -------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Take in what the client sent."""
        try:
            data = self.socket.recv(_CHUNK)
            while isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():
                data += self.socket.recv(_CHUNK)
        except _WAIT:
            return
        except OSError:
            data = b""
        if not data:
            self.gone = True
        elif self._broker.faults.silent:
            return
        elif self._sasl.done:
            self._push(data)
        else:
            self._output += self._sasl.feed(data)
            if self._sasl.done:
                self._broker.authentications.append((self._sasl.mechanism, self._sasl.username))
                if self._sasl.accepted:
                    self._push(self._sasl.rest)

    def write(self, alarm: bool) -> bool:
        """Send what there is; True if the socket takes no more for now. `alarm`: with sessions' windows closed."""
        if self._broker.faults.silent:
            return False
        if alarm != self.alarm:
            self._tell_windows()
        try:
            while self._output:
                self._output = self._output[self.socket.send(self._output) :]
            if self._sasl.done and not self._sasl.accepted:
                self.gone = True
                return False
            self._transport.tick(time.monotonic())
            while self._sasl.done and (pending := self._transport.pending()) > 0:
                data = self._transport.peek(min(pending, _CHUNK)) or b""
                self._transport.pop(len(data))
                self._output = self._windows.passed(data, alarm)
                while self._output:
                    self._output = self._output[self.socket.send(self._output) :]
        except _WAIT:
            return True
        except OSError:
            self.gone = True
        if self._transport.closed or (self._sasl.done and self._transport.pending() < 0):
            self.gone = True
        return False

    def _tell_windows(self) -> None:
        """Have a flow frame sent for each link that takes something, which tells of its session's window too."""
        link: Any = self._connection.link_head(Endpoint.LOCAL_ACTIVE | Endpoint.REMOTE_ACTIVE)
        while link is not None:
            if link.is_receiver and self._broker.faults.credit:
                link.flow(1)  # proton sends one only where there is news of the link
            link = link.next(Endpoint.LOCAL_ACTIVE | Endpoint.REMOTE_ACTIVE)

    def _push(self, data: bytes) -> None:
        while data and (capacity := self._transport.capacity()) > 0:
            self._transport.push(data[:capacity])
            data = data[capacity:]
            self.handle_events()

    def close(self, condition: str | None) -> None:
        """End the connection: with a close frame if there is a condition, and if it is open; else without a word."""
        if condition is not None and self._connection.state & Endpoint.LOCAL_ACTIVE:
            self._connection.condition = Condition(condition, "closed by the test")
            self._connection.close()
        elif condition is None or self._connection.state & Endpoint.LOCAL_UNINIT:
            self.gone = True

    def forget(self) -> None:
        """Let go of the socket, and of the subscriptions that lived on this connection."""
        for subscriber in self._subscribers:
            if subscriber.subscription in self._broker.nodes.subscriptions:
                self._broker.nodes.subscriptions.remove(subscriber.subscription)
        self.socket.close()

    @property
    def next_settlement(self) -> float:
        """When something is to be settled, of time.monotonic()."""
        return min((one.next_settlement for one in self._publishers), default=float("inf"))

    def settle(self) -> None:
        """Settle what is to be settled by now."""
        for publisher in self._publishers:
            publisher.settle()

    # ---- events -----------------------------------------------------------------------------------------------------

    def handle_events(self) -> None:
        """Act on what the client's frames brought about."""
        while not self.gone and (event := self._collector.peek()) is not None:
            self._handle(event)
            self._collector.pop()

    def _handle(self, event: Any) -> None:
        kind = event.type
        if kind is Event.DELIVERY:
            handler = getattr(event.delivery.link, "handled_by", None)
            if handler is not None:
                handler.delivery(event.delivery)
        elif kind is Event.LINK_FLOW:
            handler = getattr(event.link, "handled_by", None)
            if handler is not None:
                handler.flow()
        elif kind is Event.CONNECTION_REMOTE_OPEN:
            self._connection.container = "amqp-broker"
            self._connection.properties = self._broker.manner.properties()
            self._connection.offered_capabilities = list(map(symbol, self._broker.manner.offered))
            self._connection.open()
            hostname = self._connection.remote_hostname or ""
            self._broker.hostnames.append(hostname)
            refusal = self._broker.manner.refuses_host(hostname, self._broker.nodes)
            if refusal is not None:
                self._connection.condition = Condition(refusal.condition, refusal.description)
                self._connection.close()
        elif kind is Event.SESSION_REMOTE_OPEN:
            event.session.open()
        elif kind is Event.LINK_REMOTE_OPEN:
            self._attach(event.link)
        elif kind in (Event.LINK_REMOTE_CLOSE, Event.SESSION_REMOTE_CLOSE, Event.CONNECTION_REMOTE_CLOSE):
            endpoint = {
                Event.LINK_REMOTE_CLOSE: event.link,
                Event.SESSION_REMOTE_CLOSE: event.session,
                Event.CONNECTION_REMOTE_CLOSE: event.connection,
            }[kind]
            if endpoint.state & Endpoint.LOCAL_ACTIVE:
                endpoint.close()
            if kind is Event.LINK_REMOTE_CLOSE and isinstance(
                handler := getattr(endpoint, "handled_by", None), Publisher
            ):
                self._publishers.remove(handler)

    def _attach(self, link: Any) -> None:
        broker = self._broker
        manner, faults = broker.manner, broker.faults
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        try:
            if manner.management(broker.nodes, faults, link):
                self._requests = self._requests or manner.requests(broker.nodes, faults)
                link.handled_by = self._requests
                link.open()
                self._requests.add(link)
            elif link.is_receiver:
                address = link.remote_target.address
                exchange = None
                if address is not None or not manner.has_anonymous_terminus:
                    remote = link.remote_target
                    wanted = Target(address or "", symbols(remote.capabilities), properties(remote.properties))
                    exchange = manner.attach(broker.nodes, wanted, faults)
                link.max_message_size = faults.max_message_size
                link.open()
                link.handled_by = publisher = Publisher(broker, link, exchange)
                self._publishers.append(publisher)
            else:
                subscription = manner.subscription(link.remote_source.address or "", filters(link))
                link.handled_by = subscriber = Subscriber(link, subscription)
                subscription.taken = subscriber.flow
                broker.nodes.subscriptions.append(subscription)
                self._subscribers.append(subscriber)
                link.open()
        except Refusal as refusal:
            self._refuse(link, link.session, refusal)

    def _refuse(self, link: Link, session: Session, refusal: Refusal) -> None:
        condition = Condition(refusal.condition, refusal.description)
        if refusal.ends_session:
            session.condition = condition
            session.close()
            return
        link.target.type = link.target.UNSPECIFIED
        link.open()
        link.condition = condition
        link.close()
