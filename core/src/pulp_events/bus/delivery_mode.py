"""Who makes an application's deliveries: the values of `EventBus.open(deliver=…)`, a class each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pulp_events.bus.grace import Grace
from pulp_events.bus.left import Left, left_in, left_of
from pulp_events.errors import StoreError
from pulp_events.system import guard
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    from pulp_events.dispatcher.dispatcher import Dispatcher
    from pulp_events.outbox.records import NewEvent
    from pulp_events.outbox.store import Outbox
    from pulp_events.processes.supervisor import Supervisor

_logger = get_logger(__name__)

Deliver = Literal["background", "emitted", "process", "external", "inline"]
"""See `EventBus`."""

WorkerCommand = tuple[Sequence[str], bytes | None]
"""The command line of a process that delivers from the same outbox, and what it finds on its standard input."""


class Mode:
    """What a mode does at each of these moments; by itself nothing."""

    imports_emitter_at_open = True
    """Whether to import the emitter when the bus is opened rather than at the first `emit` in some thread: a fork in
    the middle of an import would leave the child with an import lock that is never released."""

    calls_here = True
    """False where another process delivers that was started by this one, and has of the application what it imports."""

    lives_here = False
    """Whether something runs for it in this process, which ends only when it is closed."""

    tells_of_rest = False
    """Whether a bus that closes says what is pending: where this process was to make it."""

    def start(self) -> None:
        """Begin; called once, when the bus is ready, and once more in a forked child."""

    def on_stored(self, stored: Sequence[NewEvent]) -> None:
        """These were just stored: wake who delivers them, in whatever thread this is."""

    def make_now(self, stored: Sequence[NewEvent]) -> None:
        """These were just stored, in an `emit` of this thread."""

    def on_emitted(self) -> None:
        """`emit` is about to return."""

    def stop(self, grace: Grace, drain: bool) -> None:
        """End within `grace`; `drain`: first make the deliveries that are due."""

    def left(self, outbox: Outbox) -> Left:
        """What is pending of what this process was to make. Raises StoreError."""
        return left_in(outbox)

    def silence(self) -> float | None:
        """Seconds since what delivers here last gave a sign of life; None where nobody here does."""
        return None

    def in_child(self) -> Mode:
        """What serves a child that was forked with the bus, from its `start` on."""
        return self


class External(Mode):
    """Nobody here: `pulp-admin event worker` does, on the same data folder."""

    imports_emitter_at_open = False  # many programs that open such a bus only manage listeners

    def __init__(self, beat: Callable[[bool], None]) -> None:
        self._beat = beat

    def on_emitted(self) -> None:
        self._beat(False)


class Inline(Mode):
    """`emit` itself, before it returns."""

    tells_of_rest = True

    def __init__(self, dispatcher: Callable[[], Dispatcher], beat: Callable[[bool], None]) -> None:
        self._dispatcher = dispatcher
        self._beat = beat

    def on_emitted(self) -> None:
        self._beat(True)

    def silence(self) -> float | None:
        return 0.0

    def make_now(self, stored: Sequence[NewEvent]) -> None:
        try:
            with guard.exits("a notifier"):
                self._dispatcher().run_due()
        except StoreError as error:  # the events are stored, which is what `emit` promises
            _logger.error("emitted events are stored but not delivered yet: %s", error)


class Background(Mode):
    """Threads of this process."""

    lives_here = True
    tells_of_rest = True

    def __init__(self, dispatcher: Callable[[], Dispatcher]) -> None:
        self._dispatcher = dispatcher

    def start(self) -> None:
        self._dispatcher().start()

    def silence(self) -> float | None:
        return self._dispatcher().silent

    def on_stored(self, stored: Sequence[NewEvent]) -> None:
        self._dispatcher().wake({delivery.listener_id for new in stored for delivery in new.deliveries})

    def stop(self, grace: Grace, drain: bool) -> None:
        if drain:
            try:
                self._dispatcher().drain(grace.left, patient=grace.patient)
            except StoreError as error:
                _logger.error("due deliveries are left to the next process: %s", error)


class Emitted(Background):
    """Threads of this process, for its own events: what else is pending, for their listeners too, is left to others.

    For a command that emits one event.
    """

    def start(self) -> None:
        self._dispatcher().start(backlog=False)

    def left(self, outbox: Outbox) -> Left:
        dispatcher = self._dispatcher()
        return left_of(outbox, dispatcher.own_left, dispatcher.clock.time())

    def silence(self) -> float | None:
        return None  # what it delivers is its own

    def on_stored(self, stored: Sequence[NewEvent]) -> None:
        self._dispatcher().add_own(stored)
        super().on_stored(stored)


class Process(Mode):
    """A process of its own beside this one, restarted when it dies, which ends with it."""

    calls_here = False
    lives_here = True
    tells_of_rest = True

    def __init__(self, worker_command: Callable[[], WorkerCommand], beat: Callable[[bool], None]) -> None:
        self._worker_command = worker_command
        self._beat = beat
        self._supervisor: Supervisor | None = None

    def start(self) -> None:
        from pulp_events.processes.supervisor import Supervisor

        command, given = self._worker_command()
        self._supervisor = Supervisor(command, given=given)
        self._supervisor.start()

    def on_emitted(self) -> None:
        self._beat(False)

    def stop(self, grace: Grace, drain: bool) -> None:
        if self._supervisor is not None:
            self._supervisor.stop(grace.left)

    def in_child(self) -> Mode:
        return External(self._beat)  # the parent's process serves its children too


@dataclass(frozen=True)
class Means:
    """What modes deliver with."""

    dispatcher: Callable[[], Dispatcher]
    """The dispatcher of this process, made at the first call."""

    worker_command: Callable[[], WorkerCommand]

    beat: Callable[[bool], None]
    """Tell the store, if it is time to, that this process is at work; with whether it delivers. For modes without a
    thread that could: such a process is seen when it emits."""


MODES: dict[Deliver, Callable[[Means], Mode]] = {
    "background": lambda means: Background(means.dispatcher),
    "emitted": lambda means: Emitted(means.dispatcher),
    "process": lambda means: Process(means.worker_command, means.beat),
    "external": lambda means: External(means.beat),
    "inline": lambda means: Inline(means.dispatcher, means.beat),
}
