"""`Worker`: a process that makes deliveries until it is told to stop."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from pulp_events.bus.event_bus import EventBus
from pulp_events.bus.grace import DEFAULT
from pulp_events.errors import EventsError
from pulp_events.settings.reloading import NEEDS_START, left_as_they_were
from pulp_events.system import sd_notify
from pulp_events.system.logs import get_logger
from pulp_events.worker.pace import MADE, Made, Pace
from pulp_events.worker.signals import Signals

FAILURE_POLL = 1.0
"""Seconds between looks at whether the outbox can still be read."""
PARENT_POLL = 0.5
"""Seconds between looks at whether the parent process still lives."""

_logger = get_logger(__name__)


class Worker:
    """Runs a bus in the main thread's place, and obeys signals.

    SIGTERM, SIGINT: finish what is under way, at most `grace` seconds, give back the rest, end with 0; a second one
    ends at once. SIGHUP: read server.conf again; should it be wrong, go on with the old one. systemd's watchdog is told
    that it works for as long as the dispatcher's thread turns; how fast it delivers stands in `systemctl status`.
    `reloaded` is called once settings were read again.

    `grace`: None is the default of `EventBus.close`. `open_bus` opens a bus that delivers in the background. `parent`:
    end when this is no longer the parent process. It is then the parent that ends the worker at once, with SIGKILL: a
    second SIGTERM may be one that went to the whole group of processes.
    """

    def __init__(
        self,
        open_bus: Callable[[], EventBus],
        grace: float | None = 5.0,
        parent: int | None = None,
        reloaded: Callable[[], object] = lambda: None,
    ) -> None:
        self._open_bus = open_bus
        self._grace = grace
        self._parent = parent
        self._reloaded = reloaded
        self._told_to_stop = False
        self._told_to_reload = False
        self._watchdog = sd_notify.watchdog_interval()
        self._next_sign = 0.0
        self._pace = Pace(time.monotonic())
        self._began: float | None = None

    def run(self) -> int:
        """Work until told to stop; returns the exit code, 0. Raises EventsError if the bus cannot be opened."""
        with Signals({"SIGTERM": self._on_stop, "SIGINT": self._on_stop, "SIGHUP": self._on_reload}) as signals:
            return self._work(signals)

    def _work(self, signals: Signals) -> int:
        bus = self._opened()
        sd_notify.ready()
        _logger.info("worker %d delivers from %s", os.getpid(), bus.place)
        try:
            while not self._told_to_stop:
                signals.wait(self._pause())
                self._give_sign(bus)
                if (failure := bus.dispatcher.failure) is not None:
                    raise failure  # the service manager tells; starting again may set a damaged file aside
                if self._parent is not None and os.getppid() != self._parent:
                    _logger.info("worker %d exits because its parent process ended", os.getpid())
                    break
                if self._told_to_reload:
                    self._told_to_reload = False
                    bus = self._reopen(bus)
        finally:
            sd_notify.stopping()
            bus.close(self._grace, drain=False)
        return 0

    def _opened(self) -> EventBus:
        bus = self._open_bus()
        self._began = bus.heartbeat.become_worker(self._began)
        bus.heartbeat.appear()  # not only at the dispatcher's next round: it may deliver before that
        return bus

    def _pause(self) -> float:
        pauses = [PARENT_POLL if self._parent is not None else FAILURE_POLL]
        if self._watchdog is not None:
            pauses.append(self._watchdog / 4)
        return min(pauses)

    def _give_sign(self, bus: EventBus) -> None:
        now = time.monotonic()
        if self._pace.is_due(now):
            made = Made(*bus.dispatcher.made)
            self._pace.add(os.getpid(), made)
            status = self._pace.status(now, [os.getpid()])
            # A pool speaks for all of its workers, and adds up what each has made.
            sd_notify.notify(f"STATUS={status}", *([f"{MADE}={made}"] if self._parent is not None else []))
        if self._watchdog is not None and now >= self._next_sign:
            # A store may make the dispatcher wait for so long, and it hangs all the same only afterwards.
            patience = self._watchdog / 2 + float(bus.settings.section("storage")["timeout"])
            if bus.dispatcher.silent <= patience:
                self._next_sign = now + self._watchdog / 2
                sd_notify.alive()

    def _on_stop(self) -> None:
        if self._told_to_stop and self._parent is None:
            os._exit(1)
        self._told_to_stop = True

    def _on_reload(self) -> None:
        self._told_to_reload = True

    def _reopen(self, bus: EventBus) -> EventBus:
        sd_notify.reloading(DEFAULT if self._grace is None else self._grace)
        try:
            renewed = self._opened()
        except EventsError as error:
            _logger.error("the settings stay unchanged: %s", error)
        else:
            kept = [*left_as_they_were(bus.settings, renewed.settings)]
            bus.close(self._grace, drain=False)
            bus = renewed
            _logger.info("worker %d has read its settings again", os.getpid())
            for setting in kept:
                _logger.warning("%s has changed; it %s: start the worker again", setting, NEEDS_START)
            self._reloaded()
        sd_notify.reloaded()
        return bus
