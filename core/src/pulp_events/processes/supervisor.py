"""Keeps worker processes alive."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from pulp_events.processes.complaints import Complaints
from pulp_events.processes.standard_input import standard_input
from pulp_events.system import sd_notify
from pulp_events.system.logs import get_logger

HEALTHY = 10.0
"""Seconds after which a process that died counts as having worked: the next one is started at once."""
LONGEST_PAUSE = 30.0
"""Seconds between restarts of a process that dies, or cannot be started, again and again, at most."""
POLL = 0.1

_logger = get_logger(__name__)


class Supervisor:
    """Starts `count` processes with `command`, and another one for each that dies.

    `restart_dead` does what is due now; after `start`, a thread calls it. Starting a process that cannot be started
    (its interpreter is being upgraded, or the system has no room for another process) is retried at growing intervals.
    """

    def __init__(
        self,
        command: Sequence[str],
        count: int = 1,
        environment: Mapping[str, str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        given: bytes | None = None,
    ) -> None:
        """`environment`: what the processes have beside ours, of which they never get what speaks to systemd. `given`:
        what each finds on its standard input, which no other user of the machine sees."""
        self._command = list(command)
        self._given = given
        self._environment = {**sd_notify.without(os.environ), **(environment or {})}
        self._monotonic = monotonic
        self._complaints = Complaints(_logger)
        self._places = [_Place() for _ in range(count)]
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._owner = os.getpid()
        self._well_at = monotonic()

    def start(self) -> None:
        """Start the processes, and watch them in a thread of their own."""
        self.restart_dead()
        self._thread = threading.Thread(target=self._watch, name="pulp-events-supervisor", daemon=True)
        self._thread.start()

    def restart_dead(self) -> None:
        """Start what is to be started now."""
        now = self._monotonic()
        for place in self._places:
            if place.alive:
                if now - place.started > HEALTHY:
                    self._well_at = now
            elif place.process is None or place.start_at is not None:
                if now >= (place.start_at or now):
                    self._start(place, now)
            else:
                self._bury(place, now)

    @property
    def failing_for(self) -> float:
        """Seconds since a process last worked, for HEALTHY seconds at a stretch."""
        return self._monotonic() - self._well_at

    @property
    def pids(self) -> list[int]:
        """Process ids of those that are alive."""
        return [place.process.pid for place in self._places if place.process is not None and place.alive]

    def signal(self, number: int, pid: int | None = None) -> None:
        """Send a signal to each process, or to one of them."""
        for place in self._places if os.getpid() == self._owner else ():
            if place.process is not None and place.alive and pid in (None, place.process.pid):
                place.process.send_signal(number)

    def stop(self, grace: float) -> None:
        """End the processes: SIGTERM, and SIGKILL for those that are still there `grace` and two seconds later.

        Does nothing in a child that was forked: the processes are its parent's.
        """
        if os.getpid() != self._owner:
            return
        self._stopping.set()
        if self._thread is not None:
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
            try:
                self.restart_dead()
            except Exception as error:  # noqa: BLE001  # whatever it is, processes must go on being restarted
                text = f"supervising the worker failed: {type(error).__name__}: {error}"
                self._complaints.say(self._monotonic(), "looking", text)

    def _start(self, place: _Place, now: float) -> None:
        try:
            with standard_input(self._given) as stdin:
                place.start(self._command, self._environment, now, stdin)
        except (OSError, MemoryError, subprocess.SubprocessError) as error:
            pause = place.pause(now)
            text = f"a worker cannot be started: {error}; retrying in {pause:.1f} s"
            self._complaints.say(now, "start", text)
        else:
            if self._complaints.over("start"):
                _logger.warning("worker %d was finally started", place.process.pid if place.process else 0)

    def _bury(self, place: _Place, now: float) -> None:
        assert place.process is not None
        pid, code = place.process.pid, place.process.poll()
        pause = place.pause(now)
        self._complaints.say(now, f"death {code}", f"worker {pid} ended with {code}; a new one starts in {pause:.1f} s")
        if not pause:
            self._start(place, now)


class _Place:
    """One of the processes, and those that come after it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.start_at: float | None = None
        self._failures = 0

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, command: list[str], environment: Mapping[str, str], now: float, stdin: int) -> None:
        # A session of its own: Ctrl-C at a terminal reaches the supervisor alone, which passes it on once.
        self.process = subprocess.Popen(command, stdin=stdin, start_new_session=True, env=environment)
        self.started = now
        self.start_at = None

    def pause(self, now: float) -> float:
        """It died, or could not be started: seconds until the next start."""
        worked = self.start_at is None and self.process is not None and now - self.started > HEALTHY
        self._failures = 0 if worked else self._failures + 1
        pause = 0.0 if worked else min(0.1 * 2 ** min(self._failures, 20), LONGEST_PAUSE)
        self.start_at = now + pause
        return pause
