"""`WorkerPool`: several worker processes under one that looks after them."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path

from pulp_events.worker import sd_notify
from pulp_events.worker.command import command
from pulp_events.worker.signals import Signals
from pulp_events.worker.supervisor import Supervisor


class WorkerPool:
    """Runs `processes` workers until told to stop, and starts another one for each that dies.

    SIGTERM, SIGINT: all of them finish within `grace` seconds; a second one ends everything at once. SIGHUP: all of
    them read server.conf again.
    """

    def __init__(
        self,
        processes: int,
        config: Path | None,
        data_dir: Path,
        grace: float = 5.0,
        log_level: int = logging.INFO,
        log_json: bool = False,
    ) -> None:
        self._grace = grace
        self._supervisor = Supervisor(command(config, data_dir, grace, log_level, log_json), processes)
        self._stop = False

    def run(self) -> int:
        """Work until told to stop; returns the exit code, 0."""
        with Signals({"SIGTERM": self._on_stop, "SIGINT": self._on_stop, "SIGHUP": self._on_reload}) as signals:
            self._supervisor.start()
            sd_notify.ready()
            while not self._stop:
                signals.wait(None)
            sd_notify.stopping()
            self._supervisor.stop(self._grace)
        return 0

    def _on_stop(self) -> None:
        if self._stop:
            self._supervisor.signal(signal.SIGKILL)
            os._exit(1)
        self._stop = True

    def _on_reload(self) -> None:
        self._supervisor.signal(signal.SIGHUP)
