"""`WorkerPool`: several worker processes under one that looks after them."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pulp_events.processes.command import command
from pulp_events.processes.supervisor import POLL, Supervisor
from pulp_events.settings.given import GivenSettings, SettingsMapping
from pulp_events.system import sd_notify
from pulp_events.system.logs import get_logger
from pulp_events.worker.health import PoolHealth
from pulp_events.worker.reports import Reports
from pulp_events.worker.signals import Signals

MOST_PROCESSES = 256
"""More are taken for a slip: each has its own interpreter, and makes hundreds of attempts at once."""

GIVE_UP = 600.0
"""Seconds without a working worker after which the pool ends with an error, so that its supervisor sees it."""

WATCH = 60.0
"""Seconds within which a worker is to give a sign of life, where systemd does not say."""

START_LIMIT = 300.0
"""Seconds within which a worker is to be ready: plugins are imported and stores brought up to date meanwhile."""

_logger = get_logger(__name__)


class WorkerPool:
    """Runs `processes` workers until told to stop, and starts another one for each that dies.

    SIGTERM, SIGINT: all of them finish within `grace` seconds; a second one ends everything at once. SIGHUP: all of
    them read server.conf again. It speaks to systemd for all of them: ready and reloaded when they are. A worker that
    is silent for longer than the watchdog allows, or `watch` seconds without one, or not ready within `start_limit`
    seconds, is killed, and another one started. `reloaded` is called when the workers were told to read their settings
    again.
    """

    def __init__(
        self,
        processes: int,
        config: Path | None,
        data_dir: Path | None,
        grace: float = 5.0,
        log_json: bool = False,
        give_up: float = GIVE_UP,
        imports: Sequence[str] = (),
        settings: SettingsMapping | None = None,
        watch: float = WATCH,
        start_limit: float = START_LIMIT,
        reloaded: Callable[[], object] = lambda: None,
    ) -> None:
        """`settings`: as of `EventBus.open`. `data_dir`: None leaves it to the settings, also when they change.

        Raises ValueError if `processes` is below 1 or above MOST_PROCESSES.
        """
        if not 1 <= processes <= MOST_PROCESSES:
            raise ValueError(f"{processes} worker processes; there may be 1 to {MOST_PROCESSES}")
        given = None if settings is None else GivenSettings.of(settings)
        self._grace = grace
        self._give_up = give_up
        self._watchdog = sd_notify.watchdog_interval()
        interval = self._watchdog or watch
        self._reports = _reports(interval)
        self._supervisor = Supervisor(
            command(config, data_dir, grace, logging.INFO, log_json, imports, given is not None),
            processes,
            self._reports.environment if self._reports is not None else None,
            given=None if given is None else given.dump(),
        )
        self._health: PoolHealth | None = None
        if self._reports is not None:
            self._health = PoolHealth(self._reports, time.monotonic, interval, start_limit)
        self._reloaded = reloaded
        self._next_sign = 0.0
        self._told_to_stop = False
        self._told_to_reload = False

    def run(self) -> int:
        """Work until told to stop; returns the exit code: 0, or 1 after `give_up` seconds without a worker."""
        with Signals({"SIGTERM": self._on_stop, "SIGINT": self._on_stop, "SIGHUP": self._on_reload}) as signals:
            self._supervisor.restart_dead()
            if self._health is not None:
                self._health.wait_for(self._supervisor.pids)
            code = self._watch(signals)
            sd_notify.stopping()
            self._supervisor.stop(self._grace)
        if self._reports is not None:
            self._reports.close()
        return code

    def _watch(self, signals: Signals) -> int:
        while not self._told_to_stop:
            signals.wait(POLL)
            self._supervisor.restart_dead()
            if self._told_to_reload:
                self._told_to_reload = False
                self._pass_on_reload()
            self._speak_for_workers()
            if self._supervisor.failing_for > self._give_up:
                _logger.error(
                    "no worker process has been running for %.0f s; the pool exits", self._supervisor.failing_for
                )
                return 1
        return 0

    def _speak_for_workers(self) -> None:
        if self._health is None:
            return
        self._health.read_reports(self._supervisor.pids)
        if self._health.all_ready():
            sd_notify.ready(f"delivering, processes {', '.join(map(str, self._supervisor.pids))}")
        if self._health.has_begun and (status := self._health.status(self._supervisor.pids)) is not None:
            sd_notify.notify(f"STATUS={status}")
        for pid, fault in self._health.silent().items():
            _logger.error("worker %d %s; it is killed and replaced", pid, fault)
            self._supervisor.signal(signal.SIGKILL, pid)
        now = time.monotonic()
        if self._watchdog is not None and now >= self._next_sign:
            self._next_sign = now + self._watchdog / 2
            sd_notify.alive()

    def _pass_on_reload(self) -> None:
        if self._health is not None:
            sd_notify.reloading()
            self._health.wait_for(self._supervisor.pids)
        self._supervisor.signal(signal.SIGHUP)
        self._reloaded()

    def _on_stop(self) -> None:
        if self._told_to_stop:
            self._supervisor.signal(signal.SIGKILL)
            os._exit(1)
        self._told_to_stop = True

    def _on_reload(self) -> None:
        self._told_to_reload = True


def _reports(interval: float) -> Reports | None:
    try:
        return Reports(interval)
    except (OSError, AttributeError) as error:  # no such sockets on this system
        _logger.error("whether workers hang cannot be watched, and systemd cannot be notified about them: %s", error)
        return None
