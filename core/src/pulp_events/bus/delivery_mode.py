"""Who makes an application's deliveries: the four values of `EventBus.open(deliver=…)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pulp_events.errors import StoreError
from pulp_events.plugins import guard
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.records import NewEvent
    from pulp_events.worker.supervisor import Supervisor

_logger = get_logger(__name__)

PROCESS_GRACE = 5.0
"""Seconds that the process of `deliver="process"` has to finish."""


class External:
    """Nobody here: `pulp-admin event worker` does, on the same data folder."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus

    def start(self) -> None:
        """Begin; called once, when the bus is ready."""

    def emitted(self, stored: Sequence[NewEvent]) -> None:
        """These were just stored."""

    def stop(self, grace: float, drain: bool) -> None:
        """End within `grace` seconds; `drain`: first make the deliveries that are due."""

    def in_child(self) -> External:
        """What serves a child that was forked with the bus."""
        return type(self)(self._bus)


class Inline(External):
    """`emit` itself, before it returns."""

    def emitted(self, stored: Sequence[NewEvent]) -> None:
        try:
            with guard.exits("a notifier"):
                self._bus.dispatcher.run_due()
        except StoreError as error:  # the events are stored, which is what `emit` promises
            _logger.error("emitted events are stored but not delivered yet: %s", error)


class Background(External):
    """Threads of this process."""

    def start(self) -> None:
        self._bus.dispatcher.start()

    def emitted(self, stored: Sequence[NewEvent]) -> None:
        self._bus.dispatcher.wake({delivery.listener_id for new in stored for delivery in new.deliveries})

    def stop(self, grace: float, drain: bool) -> None:
        if drain:
            try:
                self._bus.dispatcher.drain(grace)
            except StoreError as error:
                _logger.error("due deliveries are left to the next process: %s", error)


class Emitted(Background):
    """Threads of this process, for its own events: what else is pending, for their listeners too, is left to others.

    For a command that emits one event.
    """

    def start(self) -> None:
        self._bus.dispatcher.start(backlog=False)

    def emitted(self, stored: Sequence[NewEvent]) -> None:
        self._bus.dispatcher.adopt(stored)
        super().emitted(stored)


class Process(External):
    """A process of its own beside this one, restarted when it dies, which ends with it."""

    _supervisor: Supervisor | None = None

    def start(self) -> None:
        from pulp_events.worker.command import command
        from pulp_events.worker.supervisor import Supervisor

        assert self._bus.outbox is not None  # so that a mistake in the settings shows here and not in the process
        self._supervisor = Supervisor(command(self._bus.settings.path, self._bus.data_dir, PROCESS_GRACE))
        self._supervisor.start()

    @property
    def pids(self) -> list[int]:
        """The process, while it lives."""
        return self._supervisor.pids if self._supervisor is not None else []

    def stop(self, grace: float, drain: bool) -> None:
        if self._supervisor is not None:
            self._supervisor.stop(grace)

    def in_child(self) -> External:
        return External(self._bus)  # the parent's process serves its children too


MODES: dict[str, type[External]] = {
    "background": Background,
    "emitted": Emitted,
    "process": Process,
    "external": External,
    "inline": Inline,
}
