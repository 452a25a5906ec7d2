"""`AmqpChannel`: one connection and one link, reused from delivery to delivery."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty
from typing import Any

from pulp_events import Channel, Delivery, PermanentFailure, TransientFailure
from pulp_events.errors import DeliveryFailure, TimedOut
from pulp_events.notifier import Outcome
from pulp_events_amqp.address import parse_url
from pulp_events_amqp.credentials import credentials, tls_context
from pulp_events_amqp.dialects import dialect_for
from pulp_events_amqp.dialects.base import Dialect
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.message import encode
from pulp_events_amqp.opening import VIRTUAL_HOST, Opening
from pulp_events_amqp.outcomes import ExchangeGone, describe_success, failure_of
from pulp_events_amqp.outgoing import Batch, Lost, Outgoing
from pulp_events_amqp.procedures import Procedure
from pulp_events_amqp.sockets import connect

_numbers = itertools.count(1)


class AmqpChannel(Channel):
    """Publishes to one exchange.

    A connection that ended while nothing was being sent is made anew before the next message, so that a restart of the
    broker, or its idle time-out, costs no attempt.
    """

    batch_size = 200

    def __init__(self, exchange: str, settings: Mapping[str, Any]) -> None:
        self._exchange = exchange
        self._settings = settings
        self._timeout = float(settings["timeout"])
        self._address = parse_url(settings["url"])
        self._engine: Engine | None = None
        self._outgoing: Outgoing | None = None
        self._dialect = Dialect()
        self.product = ""
        """What the broker calls itself; empty before `open`."""

    def open(self) -> None:
        """Connect and attach, making the exchange when it is absent.

        Raises TransientFailure (TimedOut when it is for time), and PermanentFailure for an exchange of another type.
        """
        self._open(time.monotonic() + self._timeout)

    def close(self) -> None:
        """Close the connection, if there is one."""
        engine, self._engine, self._outgoing = self._engine, None, None
        if engine is not None:
            engine.close()

    def send(self, delivery: Delivery) -> None:
        """Publish one report; return once the broker has taken it over."""
        for _, failure in self.send_batch([delivery]):
            if failure is not None:
                raise failure

    def send_batch(self, deliveries: Sequence[Delivery]) -> Iterator[Outcome]:
        """Publish several, as fast as the link's credit permits; yield each outcome as it is settled.

        What the broker has not settled within `[messaging] timeout` has TimedOut; what it gave no credit for was not
        sent and is a plain TransientFailure.
        """
        deadline = time.monotonic() + self._timeout
        pending = {delivery.id: delivery for delivery in deliveries}
        try:
            outgoing = self._usable(deadline)
            batch = Batch(deque())
            for delivery in deliveries:
                encoded = encode(delivery, self._dialect.to(self._exchange, delivery.event_type))
                if 0 < outgoing.max_message_size < len(encoded):
                    yield pending.pop(delivery.id), self._too_large(len(encoded), outgoing.max_message_size)
                else:
                    batch.waiting.append((delivery.id, encoded))
            outgoing.submit(batch)
        except DeliveryFailure as error:
            self.broken = True
            yield from ((delivery, error) for delivery in pending.values())
            return
        try:
            while pending:
                result = batch.results.get(timeout=max(0.0, deadline - time.monotonic()))
                if isinstance(result, Lost):
                    self.broken = True
                    yield from ((delivery, TransientFailure(result.reason)) for delivery in pending.values())
                    return
                failure = failure_of(result, self._exchange, self._dialect.released_is_delivered)
                self.broken = self.broken or isinstance(failure, ExchangeGone)
                self.detail = "" if failure else describe_success(result)
                yield pending.pop(result.key), failure
        except Empty:
            yield from self._late(batch, pending)
        finally:
            batch.abandoned = True

    def _open(self, deadline: float) -> None:
        who = credentials(self._address, self._settings)
        sock = connect(self._address, lambda: tls_context(self._settings), max(0.01, deadline - time.monotonic()))
        host = f"{VIRTUAL_HOST}{self._address.virtual_host}" if self._address.virtual_host else self._address.host
        container = f"pulp-events-{socket.gethostname()}-{os.getpid()}-{next(_numbers)}"
        opening = Opening(container, host, who, self._settings["heartbeat"], self._address.tls)
        engine = Engine(sock, str(self._address), opening)
        self._engine = engine
        engine.start(deadline)
        self._outgoing = engine.perform(
            lambda: self._attach(engine), deadline, f"attaching to exchange {self._exchange!r}"
        )

    def _attach(self, engine: Engine) -> Procedure[Outgoing]:
        """On the engine's thread: who is there, and the link in its manner."""
        self.product = str((engine.connection.remote_properties or {}).get("product", ""))
        self._dialect = dialect_for(self.product)
        link = yield from self._dialect.attach(engine, self._exchange)
        return Outgoing(engine, link)

    def _usable(self, deadline: float) -> Outgoing:
        """The link; on a new connection if the old one ended since the last message."""
        if self._outgoing is None or self._outgoing.ended is not None:
            self.close()
            self._open(deadline)
        assert self._outgoing is not None
        return self._outgoing

    def _late(self, batch: Batch, pending: Mapping[str, Delivery]) -> Iterator[Outcome]:
        batch.abandoned = True
        unsent = {key for key, _ in batch.waiting.copy()}  # a copy is atomic; the engine may still be popping
        self.broken = True  # an outcome that comes later must not be taken for one of another batch
        for key, delivery in pending.items():
            if key in unsent:
                yield delivery, TransientFailure(f"{self._address} gave no credit to send within {self._timeout:g} s")
            else:
                yield delivery, TimedOut(f"{self._address} did not settle the message within {self._timeout:g} s")

    def _too_large(self, size: int, limit: int) -> PermanentFailure:
        return PermanentFailure(
            f"the message has {size} bytes, {self._address} takes at most {limit}; lower [events] max_event_bytes or "
            "raise the broker's limit"
        )
