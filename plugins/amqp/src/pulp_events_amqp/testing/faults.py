"""`Faults`: how the broker is made to misbehave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["accept", "reject", "release", "modify", "never"]
"""What becomes of a published message; `never`: it is not settled."""


@dataclass
class Faults:
    """Set attributes at any time; they hold from the next frame on."""

    outcome: Outcome = "accept"
    """Outcome of every message (`accept`: what the broker would really answer)."""

    only_for: bytes = b""
    """`outcome` is for messages that have these bytes in them; the others are answered as usual."""

    condition: str = "amqp:precondition-failed"
    """Condition with which a message is rejected (`outcome = "reject"`)."""

    info: dict[str, str] = field(default_factory=dict)
    """What goes along with that condition."""

    credit: int = 200
    """Credit of a publisher's link when it is attached; it is topped up as messages are settled. 0: never any."""

    eager_credit: bool = False
    """True: credit is topped up as messages come, as Qpid C++ does, however late they are settled."""

    settle_after: float = 0.0
    """Seconds after which a message is settled: a broker that waits for its disk. The messages after it do not wait."""

    blocked: bool = False
    """True: an alarm, as RabbitMQ has them: the incoming window of every session is 0, and it opens when this is False
    again. Clients have been told when setting it returns; what was on its way by then is still taken."""

    close_after: int | None = None
    """Close the connection, with a condition, when this many messages were received in all; the last is not settled."""

    drop_after: int | None = None
    """As `close_after`, but the TCP connection ends without a word."""

    may_create: bool = True
    """False: nobody has the permission to create exchanges."""

    auto_create: bool = True
    """False: Artemis' `auto-create-addresses` is off."""

    may_publish: bool = True
    """False: nobody has the permission to publish."""

    has_management: bool = True
    """False: there is no management node (that of Broker-J is a plugin)."""

    full: bool = False
    """True: the queues are full; messages are rejected as the real broker would."""

    silent: bool = False
    """True: connections are accepted and kept, but nothing more is sent, not even a heartbeat."""

    max_message_size: int = 0
    """Announced to publishers, in bytes; 0: no limit."""

    on_alarm: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    """Set by the broker; called when `blocked` was set."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "blocked" and "on_alarm" in self.__dict__:  # not so while it is being made
            self.on_alarm()
