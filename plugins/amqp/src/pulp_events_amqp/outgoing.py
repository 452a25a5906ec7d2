"""`Outgoing`: messages on their way over one link, pipelined on the link's credit."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from queue import SimpleQueue

from proton import Delivery, Sender

from pulp_events_amqp.conditions import said
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, detach, is_closed
from pulp_events_amqp.procedures import Procedure

Key = int
"""What the sender calls a message; never used twice on a link."""

_BUFFERED = 64 * 1024
"""Bytes that proton is given beyond what it has sent. What it has, it sends as soon as the broker permits; what it has
not, can be withdrawn."""


@dataclass(frozen=True)
class Settled:
    """What the broker made of a message (AMQP 1.0 §3.4)."""

    key: Key
    state: int
    """Delivery.ACCEPTED, REJECTED, RELEASED, MODIFIED or 0 (settled without an outcome)."""

    condition: str = ""
    """Condition, description and info of a rejection; see `said`."""


class Why(Enum):
    """How far a message had come when it was withdrawn."""

    NO_CREDIT = "the link had no credit for it"
    BLOCKED = "the broker accepts nothing on the session, regardless of credit"
    SENT = "it was sent"


@dataclass(frozen=True)
class Withdrawn:
    """The sender waits for this message no longer; nothing more will be said of it."""

    key: Key
    why: Why


@dataclass(frozen=True)
class Lost:
    """Link or connection ended; whatever was not settled is as if it had not been sent."""

    reason: str


class Outgoing:
    """The sending side of one link.

    Made, and called by the engine, on the engine's thread. `submit`, `withdraw`, `close` and `results` are for others.
    """

    def __init__(self, engine: Engine, link: Sender) -> None:
        self.results: SimpleQueue[Settled | Withdrawn | Lost] = SimpleQueue()
        """Read by the thread that sends; a Lost is the last."""

        self._engine = engine
        self._link = link
        self._waiting: deque[tuple[Key, bytes]] = deque()
        self._unsettled: dict[Key, Delivery] = {}
        self._ended: str | None = None
        self.max_message_size: int = link.remote_max_message_size
        """Bytes; 0: the broker names no limit (AMQP 1.0 §2.7.3)."""

        engine.after_events.append(self._after_events)
        engine.pumps.append(self._pump)

    @property
    def ended(self) -> str | None:
        """Why nothing more can be sent; None while something can."""
        return self._ended or self._engine.lost

    @property
    def waiting(self) -> int:
        """How many messages there was no credit for so far."""
        return len(self._waiting)

    def submit(self, messages: Sequence[tuple[Key, bytes]]) -> None:
        """Send encoded messages, as the link's credit permits. Raises TransientFailure when the connection is lost."""
        self._engine.post(lambda: self._waiting.extend(messages))

    def withdraw(self, keys: Iterable[Key]) -> None:
        """Wait for these no longer, and do not send what has not been sent; for each there is a result yet.

        Raises TransientFailure when the connection is lost.
        """
        wanted = frozenset(keys)
        self._engine.post(lambda: self._withdraw(wanted))

    def close(self) -> None:
        """Detach; whatever is not settled by then is not waited for."""
        self._engine.spawn(self._detach)

    # ---- on the engine's thread -------------------------------------------------------------------------------------

    def _detach(self) -> Procedure[None]:
        self._engine.after_events.remove(self._after_events)
        self._engine.pumps.remove(self._pump)
        self._end("closed")
        for delivery in self._unsettled.values():
            self._forget(delivery)
        self._unsettled.clear()
        yield from detach(self._engine, self._link)

    def _after_events(self) -> None:
        """Notice the end of the link."""
        if self._engine.lost is not None:
            self._end(self._engine.lost)
        elif self._ended is None and is_closed(self._link):
            condition = self._link.remote_condition or self._link.session.remote_condition
            self._end(f"{self._engine.broker} closed the link: {LinkRefused(condition)}")

    def _pump(self) -> bool:
        """Hand proton what there is credit for, and what it can soon send; True if that was anything."""
        if not self._waiting or self._ended is not None:
            return False
        link, engine, session = self._link, self._engine, self._link.session
        credit, room = link.credit, _BUFFERED - session.outgoing_bytes
        sent = False
        while credit > 0 and room > 0 and self._waiting:
            key, encoded = self._waiting.popleft()
            tag = engine.next_tag()
            delivery = link.delivery(tag)
            link.stream(encoded)
            link.advance()
            self._unsettled[key] = delivery
            engine.on_outcome[tag] = lambda delivery, key=key: self._settled(delivery, key)  # type: ignore[misc]
            credit -= 1
            room -= len(encoded)
            sent = True
        return sent

    def _settled(self, delivery: Delivery, key: Key) -> None:
        state = int(delivery.remote_state)
        if not delivery.settled and state not in _TERMINAL:
            return  # a progress report (`received`)
        condition = delivery.remote.condition if state == Delivery.REJECTED else None
        del self._engine.on_outcome[delivery.tag]
        del self._unsettled[key]
        delivery.settle()
        self.results.put(Settled(key, state, said(condition) if condition else ""))

    def _withdraw(self, keys: frozenset[Key]) -> None:
        if self._ended is not None:
            return  # Lost was the last result
        if any(key in keys for key, _ in self._waiting):
            why = Why.BLOCKED if self._link.session.outgoing_bytes else Why.NO_CREDIT
            for key, _ in self._waiting:
                if key in keys:
                    self.results.put(Withdrawn(key, why))
            self._waiting = deque(item for item in self._waiting if item[0] not in keys)
        for key in keys & self._unsettled.keys():
            delivery = self._unsettled.pop(key)
            # Credit there was; what proton has not sent of it, it keeps until the broker opens the session's window.
            self.results.put(Withdrawn(key, Why.BLOCKED if delivery.pending else Why.SENT))
            self._forget(delivery)

    def _forget(self, delivery: Delivery) -> None:
        self._engine.on_outcome.pop(delivery.tag, None)
        if delivery.pending:
            delivery.abort()
        else:
            delivery.settle()

    def _end(self, reason: str) -> None:
        if self._ended is None:
            self._ended = reason
            self._waiting.clear()
            self.results.put(Lost(reason))


_TERMINAL = frozenset(
    int(state) for state in (Delivery.ACCEPTED, Delivery.REJECTED, Delivery.RELEASED, Delivery.MODIFIED)
)
