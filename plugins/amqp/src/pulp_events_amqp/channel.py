"""`AmqpChannel`: one link on the shared connection, reused from delivery to delivery."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty
from typing import Any

from pulp_events import Channel, Delivery, PermanentFailure, TransientFailure
from pulp_events.errors import DeliveryFailure, TimedOut
from pulp_events.notifier import Outcome
from pulp_events_amqp.broker import Broker, look_at
from pulp_events_amqp.dialects import dialect_for
from pulp_events_amqp.dialects.base import Dialect
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.message import MessageMaker
from pulp_events_amqp.outcomes import ExchangeGone, describe_success, failure_of
from pulp_events_amqp.outgoing import Batch, Lost, Outgoing
from pulp_events_amqp.procedures import Procedure
from pulp_events_amqp.shared_connection import CONNECTIONS


class AmqpChannel(Channel):
    """Publishes to one exchange.

    A link or connection that ended while nothing was being sent is made anew before the next message, so that a restart
    of the broker, or its idle time-out, costs no attempt.
    """

    batch_size = 200

    def __init__(self, exchange: str, config: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        self._exchange = exchange
        self._make = MessageMaker(config)
        self._shared = CONNECTIONS.to(settings)
        self._timeout = float(settings["timeout"])
        self._engine: Engine | None = None
        self._outgoing: Outgoing | None = None
        self._dialect = Dialect()
        self.broker: Broker | None = None
        """Who it is that we publish to; None before `open`."""

    def open(self) -> None:
        """Connect, unless there is a connection, and attach, making the exchange when it is absent.

        Raises TransientFailure (TimedOut when it is for time), and PermanentFailure for an exchange of another type.
        """
        self._engine = engine = self._shared.take(time.monotonic() + self._shared.opening_limit)
        began = time.monotonic()
        try:
            self._outgoing = engine.perform(
                lambda: self._attach(engine), began + self._timeout, f"attaching to exchange {self._exchange!r}"
            )
        except TimedOut:
            self._shared.suspect(engine, began)
            raise

    def close(self) -> None:
        """Detach; the connection goes with the last channel that uses it."""
        engine, outgoing = self._engine, self._outgoing
        self._engine = self._outgoing = None
        if outgoing is not None:
            outgoing.close()
        if engine is not None:
            self._shared.give_back(engine)

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
        pending = {delivery.id: delivery for delivery in deliveries}
        try:
            outgoing = self._usable()
            batch = Batch(deque())
            for delivery in deliveries:
                try:
                    encoded = self._make(delivery, self._dialect.to(self._exchange, self._make.subject(delivery)))
                except Exception as error:  # noqa: BLE001  one event that no message can be made of harms no other
                    yield pending.pop(delivery.id), _unmade(error)
                    continue
                if 0 < outgoing.max_message_size < len(encoded):
                    yield pending.pop(delivery.id), self._too_large(len(encoded), outgoing.max_message_size)
                else:
                    batch.waiting.append((delivery.id, encoded))
            outgoing.submit(batch)
        except DeliveryFailure as error:
            self.broken = True
            yield from ((delivery, error) for delivery in pending.values())
            return
        began = time.monotonic()
        try:
            while pending:
                result = batch.results.get(timeout=max(0.0, began + self._timeout - time.monotonic()))
                if isinstance(result, Lost):
                    self.broken = True
                    reason = self._dialect.explain_end(self._exchange, result.reason)
                    yield from ((delivery, TransientFailure(reason)) for delivery in pending.values())
                    return
                failure = failure_of(result, self._exchange, self._dialect)
                self.broken = self.broken or isinstance(failure, ExchangeGone)
                self.detail = "" if failure else describe_success(result)
                yield pending.pop(result.key), failure
        except Empty:
            yield from self._late(batch, pending, began)
        finally:
            batch.abandoned = True

    def _attach(self, engine: Engine) -> Procedure[Outgoing]:
        """On the engine's thread: who is there, and the link in its manner."""
        self.broker = look_at(engine.connection)
        self._dialect = dialect_for(self.broker)
        attachment = yield from self._dialect.attach(engine, self._exchange)
        return Outgoing(engine, attachment.link)

    def _usable(self) -> Outgoing:
        """The link; another one if the old one ended since the last message."""
        if self._outgoing is None or self._outgoing.ended is not None:
            self.close()
            self.open()
        assert self._outgoing is not None
        return self._outgoing

    def _late(self, batch: Batch, pending: Mapping[str, Delivery], began: float) -> Iterator[Outcome]:
        batch.abandoned = True
        unsent = {key for key, _ in batch.waiting.copy()}  # a copy is atomic; the engine may still be popping
        self.broken = True  # an outcome that comes later must not be taken for one of another batch
        engine = self._engine
        assert engine is not None
        self._shared.suspect(engine, began)
        for key, delivery in pending.items():
            if key in unsent:
                yield delivery, TransientFailure(f"{engine.broker} gave no credit to send within {self._timeout:g} s")
            else:
                yield delivery, TimedOut(f"{engine.broker} did not settle the message within {self._timeout:g} s")

    def _too_large(self, size: int, limit: int) -> PermanentFailure:
        assert self._engine is not None
        return PermanentFailure(
            f"the message has {size} bytes, {self._engine.broker} takes at most {limit}; lower [events] "
            "max_event_bytes or raise the broker's limit"
        )


def _unmade(error: Exception) -> PermanentFailure:
    """The failure for an event that there can be no message of, now or later."""
    failure = PermanentFailure(f"no message can be made of the event: {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure
