"""`AmqpChannel`: one link on the shared connection, reused from delivery to delivery."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty
from typing import Any

from pulp_events import Channel, Delivery, TransientFailure
from pulp_events.errors import DeliveryFailure, TimedOut
from pulp_events.notifier import Settlement
from pulp_events_amqp.broker import Broker, look_at
from pulp_events_amqp.dialects import dialect_for
from pulp_events_amqp.dialects.base import Dialect
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.flight import Flight, Submitted
from pulp_events_amqp.message import MessageMaker
from pulp_events_amqp.outcomes import (
    Blocked,
    ExchangeGone,
    describe_success,
    failure_of,
    lost,
    too_large,
    unmade,
    withdrawn,
)
from pulp_events_amqp.outgoing import Lost, Outgoing, Settled, Withdrawn
from pulp_events_amqp.procedures import Procedure
from pulp_events_amqp.shared_connection import CONNECTIONS
from pulp_events_amqp.window import Window


class AmqpChannel(Channel):
    """Publishes to one exchange; pipelines on the link's credit, as far as `Window` advises.

    A link or connection that ended while nothing was in flight is made again before the next message, so that a restart
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
        self._flight = Flight()
        self._refused: deque[tuple[Delivery, DeliveryFailure]] = deque()
        """What could not be submitted at all."""
        self._window = Window(self._timeout)
        self.broker: Broker | None = None
        """Who it is that we publish to; None before `open`."""

    @property
    def in_flight(self) -> int:  # type: ignore[override]  # it changes with what the broker takes
        """How many deliveries may be in flight now."""
        return self._window.size

    def open(self) -> None:
        """Connect, unless there is a connection, and attach, making the exchange when it is absent.

        Raises TransientFailure (TimedOut when it is for time).
        """
        self._engine = engine = self._shared.take(time.monotonic() + self._shared.opening_limit)
        began = time.monotonic()
        try:
            self._outgoing = engine.perform(
                lambda: self._attach(engine), began + self._timeout, f"attaching to exchange {self._exchange!r}"
            )
        except TimedOut as failure:
            self._shared.suspect(engine, began)
            if engine.takes_nothing():
                raise Blocked(self._dialect.explain_blocked(engine.broker)) from failure
            raise

    def close(self) -> None:
        """Detach; the connection goes with the last channel that uses it. Nobody waits for what is in flight."""
        self._flight.forget()
        self._refused.clear()
        self._let_go()

    def _let_go(self) -> None:
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

    def send_batch(self, deliveries: Sequence[Delivery]) -> Iterator[Settlement]:
        """Publish several, as fast as the link's credit permits; yield each outcome as it is settled."""
        left = {delivery.id: delivery for delivery in deliveries}
        try:
            self.submit(deliveries)
            while left:
                for delivery, failure in self.settled(self._timeout):
                    if left.pop(delivery.id, None) is not None:
                        yield delivery, failure
        except DeliveryFailure as failure:
            yield from ((delivery, failure) for delivery in left.values())
        finally:
            if left:  # whoever asked waits no longer
                self._give_up(self._flight.keys())
                self._flight.forget()

    def submit(self, deliveries: Sequence[Delivery]) -> None:
        """Begin to send these. Raises TransientFailure if there is no link to be had."""
        self.detail = ""
        try:
            outgoing = self._usable()
            now = time.monotonic()
            messages = []
            for delivery in deliveries:
                encoded = self._encode(delivery, outgoing)
                if encoded is not None:
                    self._window.submitted(len(encoded))
                    messages.append((self._flight.add(delivery, now, self._timeout), encoded))
            if messages and outgoing.ended is None:
                outgoing.submit(messages)
        except DeliveryFailure:
            self.broken = True
            raise

    def settled(self, timeout: float) -> Iterator[Settlement]:
        """What became of deliveries that were submitted; waits at most `timeout` seconds for the first.

        What the broker has not settled within `[messaging] timeout` of being submitted has TimedOut; what it gave no
        credit for was not sent and is a plain TransientFailure. Raises TransientFailure when link or connection ended.
        """
        deadline = time.monotonic() + timeout
        count = len(self._refused)
        while self._refused:
            delivery, refusal = self._refused.popleft()
            self.detail = ""
            yield delivery, refusal
        result = self._next(0.0 if count else deadline)
        count = 1 + (self._outgoing.results.qsize() if self._outgoing is not None else 0)
        while result is not None:
            if isinstance(result, Lost):
                self.broken, self.detail = True, ""
                self._flight.forget()
                raise lost(self._dialect, self._exchange, result.reason)
            submitted = self._flight.land(result.key)
            if submitted is not None:
                yield submitted.delivery, self._judge(result, submitted)
            count -= 1  # what is settled meanwhile is for the next call: its caller has more to submit before that
            result = self._next(0.0) if count else None

    def _next(self, deadline: float) -> Settled | Withdrawn | Lost | None:
        """What is known next; None if nothing is until then. Gives up what is overdue."""
        while (outgoing := self._outgoing) is not None:
            now = time.monotonic()
            self._give_up(self._flight.overdue(now))
            due = self._flight.next_due()
            wait = deadline if due is None else min(deadline, due)
            try:
                return outgoing.results.get(timeout=max(0.0, wait - now))
            except Empty:
                if wait >= deadline:
                    return None
        return None

    def _judge(self, result: Settled | Withdrawn, submitted: Submitted) -> DeliveryFailure | None:
        """The failure that a result stands for, if it does; sets `detail`."""
        assert self._engine is not None and self._outgoing is not None
        failure: DeliveryFailure | None
        if isinstance(result, Settled):
            in_flight, waiting = len(self._flight) + 1, self._outgoing.waiting
            self._window.settled(in_flight, waiting, submitted.at, time.monotonic())
            failure = failure_of(result, self._exchange, self._dialect)
            self.broken = self.broken or isinstance(failure, ExchangeGone)
        else:
            failure = withdrawn(result.why, self._dialect, self._engine.broker, self._timeout)
            self._shared.suspect(self._engine, submitted.at)
            # Another link may fare better: this one has lost the credit for what was taken back from proton. But what
            # is still in flight on it may well be settled.
            self.broken = self.broken or not self._flight
        self.detail = "" if failure else describe_success(result, self._exchange, self._dialect)
        return failure

    def _give_up(self, keys: Sequence[int]) -> None:
        if self._outgoing is not None and keys:
            with contextlib.suppress(TransientFailure):  # the connection is lost, and `results` says so
                self._outgoing.withdraw(keys)

    def _attach(self, engine: Engine) -> Procedure[Outgoing]:
        """On the engine's thread: who is there, and the link in its manner."""
        self.broker = look_at(engine.connection)
        self._dialect = dialect_for(self.broker)
        attachment = yield from self._dialect.attach(engine, self._exchange)
        return Outgoing(engine, attachment.link)

    def _usable(self) -> Outgoing:
        """The link; another one if the old one ended while nothing was in flight."""
        if self._outgoing is None or (self._outgoing.ended is not None and not self._flight):
            self._let_go()
            self.open()
        assert self._outgoing is not None
        return self._outgoing

    def _encode(self, delivery: Delivery, outgoing: Outgoing) -> bytes | None:
        """The message; None if there can be none, which then is among `_refused`."""
        assert self._engine is not None
        try:
            encoded = self._make(delivery, self._dialect.to(self._exchange, self._make.subject(delivery)))
        except Exception as error:  # noqa: BLE001  one event that no message can be made of harms no other
            self._refused.append((delivery, unmade(error)))
            return None
        if 0 < outgoing.max_message_size < len(encoded):
            self._refused.append((delivery, too_large(self._engine.broker, len(encoded), outgoing.max_message_size)))
            return None
        return encoded
