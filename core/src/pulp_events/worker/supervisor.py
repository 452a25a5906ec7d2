"""Keeps worker processes alive."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence

from pulp_events.logs import get_logger

HEALTHY = 10.0
"""Seconds after which a process that died counts as having worked: the next one is started at once."""
LONGEST_PAUSE = 30.0
"""Seconds between restarts of a process that dies again and again, at most."""
POLL = 0.1

_logger = get_logger(__name__)


class Supervisor:
    """Starts `count` processes with `command`, and another one for each that dies, in a thread of its own."""

    def __init__(self, command: Sequence[str], count: int = 1) -> None:
        self._command = list(command)
        self._places = [_Place() for _ in range(count)]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="pulp-events-supervisor", daemon=True)

    def start(self) -> None:
        """Start the processes and watch them."""
        for place in self._places:
            place.start(self._command)
        self._thread.start()

    @property
    def pids(self) -> list[int]:
        """Process ids of those that are alive."""
        return [place.process.pid for place in self._places if place.process and place.process.poll() is None]

    def signal(self, number: int) -> None:
        """Send a signal to each process."""
        for place in self._places:
            if place.process is not None and place.process.poll() is None:
                place.process.send_signal(number)

    def stop(self, grace: float) -> None:
        """End the processes: SIGTERM, and SIGKILL for those that are still there `grace` and two seconds later."""
        self._stopping.set()
        self._thread.join()
        deadline = time.monotonic() + grace + 2.0
        running = [place.process for place in self._places if place.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _watch(self) -> None:
        while not self._stopping.wait(POLL):
            for place in self._places:
                place.look(self._command)


class _Place:
    """One of the processes, and those that come after it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._deaths = 0
        self._restart_at: float | None = None

    def start(self, command: list[str]) -> None:
        # A session of its own: Ctrl-C at a terminal reaches the supervisor alone, which passes it on once.
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        self._started = time.monotonic()
        self._restart_at = None

    def look(self, command: list[str]) -> None:
        assert self.process is not None
        code = self.process.poll()
        if code is None:
            return
        now = time.monotonic()
        if self._restart_at is None:
            self._deaths = 0 if now - self._started > HEALTHY else self._deaths + 1
            pause = 0.0 if not self._deaths else min(0.1 * 2**self._deaths, LONGEST_PAUSE)
            self._restart_at = now + pause
            _logger.error("worker %d ended with %d; another one starts in %.1f s", self.process.pid, code, pause)
        if now >= self._restart_at:
            self.start(command)
