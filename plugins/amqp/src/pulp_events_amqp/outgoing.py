"""`Outgoing`: messages on their way over one link, pipelined on the link's credit."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from proton import Delivery, Sender

from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, detach, is_closed
from pulp_events_amqp.procedures import Procedure


@dataclass(frozen=True)
class Settled:
    """What the broker made of a message (AMQP 1.0 §3.4)."""

    key: Any
    state: int
    """Delivery.ACCEPTED, REJECTED, RELEASED, MODIFIED or 0 (settled without an outcome)."""

    condition: str = ""
    """Condition and description of a rejection."""


@dataclass(frozen=True)
class Lost:
    """Link or connection ended; whatever was not settled is as if it had not been sent."""

    reason: str


@dataclass
class Batch:
    """Messages that were handed over together, and what became of them so far."""

    waiting: deque[tuple[Any, bytes]]
    """Not yet sent: (key, encoded message)."""

    results: SimpleQueue[Settled | Lost] = field(default_factory=SimpleQueue)
    """Read by the thread that sends; ends with a Lost when there is nothing more to be expected."""

    unsettled: set[Any] = field(default_factory=set)
    """Keys of messages that were sent and not settled."""

    abandoned: bool = False
    """Set by the thread that sends when it waits no longer: nothing more of the batch is sent."""


class Outgoing:
    """The sending side of one link. Made, and called by the engine, on the engine's thread; `submit` is for others."""

    def __init__(self, engine: Engine, link: Sender) -> None:
        self._engine = engine
        self._link = link
        self._batches: deque[Batch] = deque()
        self._ended: str | None = None
        self._tags: set[str] = set()
        self.max_message_size: int = link.remote_max_message_size
        """Bytes; 0: the broker names no limit (AMQP 1.0 §2.7.3)."""

        engine.after_events.append(self._after_events)

    @property
    def ended(self) -> str | None:
        """Why nothing can be sent any more; None as long as something can."""
        return self._ended or self._engine.lost

    def submit(self, batch: Batch) -> None:
        """Send a batch, as the link's credit permits. Raises TransientFailure when the connection is lost."""
        self._engine.post(lambda: self._batches.append(batch))

    def close(self) -> None:
        """Detach; whatever is not settled by then is not waited for."""
        self._engine.spawn(self._detach)

    def _detach(self) -> Procedure[None]:
        self._engine.after_events.remove(self._after_events)
        self._end("closed")
        for tag in self._tags:
            self._engine.on_outcome.pop(tag, None)
        yield from detach(self._engine, self._link)

    def _after_events(self) -> None:
        """Send what credit there is for; notice the end of the link."""
        if self._engine.lost is not None:
            self._end(self._engine.lost)
        elif self._ended is None and is_closed(self._link):
            condition = self._link.remote_condition or self._link.session.remote_condition
            self._end(f"{self._engine.broker} closed the link: {LinkRefused(condition)}")
        elif self._ended is not None:
            self._end(self._ended)
        elif self._batches:
            self._pump()

    def _pump(self) -> None:
        link, engine = self._link, self._engine
        credit = link.credit
        for batch in self._batches:
            while credit > 0 and batch.waiting and not batch.abandoned:
                key, encoded = batch.waiting.popleft()
                tag = engine.next_tag()
                link.delivery(tag)
                link.stream(encoded)
                link.advance()
                batch.unsettled.add(key)
                self._tags.add(tag)
                engine.on_outcome[tag] = lambda delivery, tag=tag, batch=batch, key=key: self._settled(  # type: ignore[misc]
                    delivery, tag, batch, key
                )
                credit -= 1
        while self._batches and (self._batches[0].abandoned or not self._batches[0].waiting):
            if self._batches[0].unsettled and not self._batches[0].abandoned:
                break
            self._batches.popleft()

    def _settled(self, delivery: Delivery, tag: str, batch: Batch, key: Any) -> None:
        state = int(delivery.remote_state)
        if not delivery.settled and state not in _TERMINAL:
            return  # a progress report (`received`)
        condition = delivery.remote.condition if state == Delivery.REJECTED else None
        text = f"{condition.name}: {condition.description or 'no description'}" if condition else ""
        del self._engine.on_outcome[tag]
        self._tags.discard(tag)
        batch.unsettled.discard(key)
        delivery.settle()
        batch.results.put(Settled(key, state, text))

    def _end(self, reason: str) -> None:
        self._ended = reason
        while self._batches:
            self._batches.popleft().results.put(Lost(reason))


_TERMINAL = frozenset(
    int(state) for state in (Delivery.ACCEPTED, Delivery.REJECTED, Delivery.RELEASED, Delivery.MODIFIED)
)
