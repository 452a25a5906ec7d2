"""What keys do to listeners and deliveries, by `bus.listeners` and `bus.deliveries` as anybody has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulp_events.outbox.states import State
from pulp_events_cli.output.text import count
from pulp_events_cli.top.words import age

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus

Say = Callable[[str], None]
"""Tells how far it is."""
Stopped = Callable[[], bool]
"""Whether somebody asked it to stop."""


@dataclass(frozen=True)
class Command:
    """Something to do to one listener, or to deliveries."""

    target: str
    name: str

    doing = "changing"

    def run(self, bus: EventBus, say: Say, stopped: Stopped) -> str:
        """Do it and return what to say of it. Raises EventsError."""
        raise NotImplementedError


@dataclass(frozen=True)
class Mute(Command):
    """Deliver nothing to a listener for a while."""

    seconds: float
    reason: str | None

    doing = "muting"

    def run(self, bus: EventBus, say: Say, stopped: Stopped) -> str:
        """See `Command`."""
        bus.listeners.mute(self.target, self.seconds, reason=self.reason)
        return f"{self.name} is muted for {age(self.seconds)}"


@dataclass(frozen=True)
class Unmute(Command):
    """End its mute."""

    doing = "unmuting"

    def run(self, bus: EventBus, say: Say, stopped: Stopped) -> str:
        """See `Command`."""
        bus.listeners.unmute(self.target)
        return f"{self.name} is not muted any more"


@dataclass(frozen=True)
class Enable(Command):
    """Deliver to it again."""

    doing = "enabling"

    def run(self, bus: EventBus, say: Say, stopped: Stopped) -> str:
        """See `Command`."""
        bus.listeners.enable(self.target)
        return f"{self.name} is enabled"


@dataclass(frozen=True)
class Disable(Command):
    """Deliver nothing until it is enabled."""

    reason: str | None

    doing = "disabling"

    def run(self, bus: EventBus, say: Say, stopped: Stopped) -> str:
        """See `Command`."""
        bus.listeners.disable(self.target, self.reason)
        return f"{self.name} is disabled"


@dataclass(frozen=True)
class Retry(Command):
    """Deliver the dead or pending deliveries of a listener again."""

    states: tuple[State, ...]

    doing = "retrying"

    def run(self, bus: EventBus, say: Say, stopped: Stopped) -> str:
        """See `Command`: page by page, so that others get their turn, and it can be stopped between two."""
        from pulp_events.outbox.records import DeliveryQuery

        done = 0
        for state in self.states:
            for number in bus.deliveries.retry(DeliveryQuery(state=state, listener_id=self.target)):
                done += number
                say(f"{self.doing} {self.name}: {count(done, 'delivery', 'deliveries')} so far; Esc stops")
                if stopped():
                    return f"{self.name}: stopped; {count(done, 'delivery', 'deliveries')} due now"
        if not done:
            return f"{self.name}: nothing to retry; what is pending is due already, or being attempted"
        return f"{self.name}: {count(done, 'delivery', 'deliveries')} due now"


@dataclass(frozen=True)
class RetryOne(Command):
    """Deliver one delivery again, whatever its state."""

    doing = "retrying"

    def run(self, bus: EventBus, say: Say, stopped: Stopped) -> str:
        """See `Command`."""
        from pulp_events.outbox.records import DeliveryQuery

        delivery = bus.deliveries.get(self.target)
        query = DeliveryQuery(ids=[delivery.id], state=delivery.state)
        if sum(bus.deliveries.retry(query, again=True)):
            return f"{delivery.id} is {'sent again' if delivery.state == State.DELIVERED else 'due now'}"
        return f"{delivery.id} is left alone: it is due or being attempted, was sent again already, or cannot be"
