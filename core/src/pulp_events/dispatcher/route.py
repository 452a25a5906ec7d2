"""`Route`: the way of deliveries to one listener, as one dispatcher sees it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pulp_events.clock import Clock
from pulp_events.dispatcher.channels import Channels
from pulp_events.dispatcher.circuit import Circuit
from pulp_events.dispatcher.claims import Claims
from pulp_events.dispatcher.pace import LARGEST_BATCH, Pace
from pulp_events.listeners.config import window
from pulp_events.listeners.listener import Listener
from pulp_events.logs import get_logger
from pulp_events.notifier import Notifier
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.store import Outbox
from pulp_events.settings.settings import Settings

if TYPE_CHECKING:
    from pulp_events.dispatcher.lane import Lane

MOST_ABANDONED = 16
"""Threads of a listener that hang beyond its time limit; with more, no further one is risked."""

_logger = get_logger(__name__)


class Route:
    """Listener, notifier, channels, circuit, pace, what is claimed, and the lanes at work."""

    def __init__(
        self, listener: Listener, notifier: Notifier, settings: Settings, outbox: Outbox, clock: Clock
    ) -> None:
        self.listener = listener
        self.notifier = notifier
        self.channels = Channels(listener, notifier, settings, clock)
        self.circuit = Circuit()
        self.pace = Pace()
        self.lanes: set[Lane] = set()
        self.abandoned: set[Lane] = set()
        self.not_before = 0.0
        """Monotonic time before which a claim is known to find nothing."""
        self.served = 0.0
        """Monotonic time at which it last got a lane."""
        self.window = _window(notifier, listener)
        """Seconds of events that leave together; None where each leaves by itself."""
        self._delivery = settings.section("delivery")
        self.claims = Claims(self, outbox, float(self._delivery["lease"]), clock)
        self.extended = 0.0
        """Monotonic time at which the leases were last extended."""
        self._clock = clock
        self._waiting = 0
        self._work = threading.Condition()
        self._signals = 0

    @property
    def most_lanes(self) -> int:
        """Deliveries under way at once, at most."""
        return self.listener.lanes or int(self._delivery["lanes"])

    @property
    def ordered(self) -> bool:
        """True if deliveries must also finish in emit order."""
        return self.most_lanes == 1

    @property
    def retry_schedule(self) -> list[float]:
        """Seconds between attempts."""
        own = self.listener.retry_schedule
        return list(self._delivery["retry_schedule"] if own is None else own)

    def refresh(self, listener: Listener) -> None:
        """Take over a changed record."""
        if listener is not self.listener and listener != self.listener:
            if listener.notifier_config != self.listener.notifier_config:
                self.channels.reconfigure(listener)
                self.window = _window(self.notifier, listener)
            if listener.updated != self.listener.updated:
                self.circuit = Circuit()
            self.listener = listener
            self.not_before = 0.0

    def lanes_wanted(self, now: float) -> int:
        """How many lanes may be at work now."""
        if self.circuit.wait(now) > 0 or self.not_before > now or len(self.abandoned) >= MOST_ABANDONED:
            return 0
        return 1 if self.circuit.is_open else min(self.pace.lanes, self.most_lanes)

    def batch_size(self) -> int:
        """How many deliveries the next claim may take, for all lanes together."""
        return 1 if self.circuit.is_open else min(self.pace.batch * max(1, len(self.lanes)), LARGEST_BATCH)

    def claimed(self) -> list[Delivery]:
        """Deliveries that this dispatcher holds the lease of: waiting for a lane, or taken by one."""
        return self.claims.waiting() + [delivery for lane in list(self.lanes) for delivery in list(lane.taken)]

    # A lane that found nothing stays for a moment: an event that is emitted meanwhile needs no new thread.

    def signal(self) -> bool:
        """Tell a waiting lane that there is work; False if none waits."""
        with self._work:
            if self._waiting <= self._signals:
                return self._waiting > 0
            self._signals += 1
            self._work.notify()
            return True

    def wait_for_work(self, timeout: float) -> bool:
        """Wait to be signalled; False if nobody did within `timeout` seconds."""
        with self._work:
            self._waiting += 1
            try:
                if not self._signals:
                    self._work.wait(timeout)
                if self._signals:
                    self._signals -= 1
                    return True
                return False
            finally:
                self._waiting -= 1

    def dismiss(self) -> None:
        """Wake every waiting lane, to end."""
        with self._work:
            self._signals += self._waiting
            self._work.notify_all()


def _window(notifier: Notifier, listener: Listener) -> float | None:
    try:
        return window(notifier, listener.notifier_config)
    except Exception as error:  # noqa: BLE001  # a notifier may raise anything; opening its channel will say what is wrong
        _logger.error("listener %s: its window is not known, so deliveries go one by one: %s", listener.id, error)
        return None
