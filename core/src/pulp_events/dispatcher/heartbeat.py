"""`Heartbeat`: tells the store now and then that this process is at work."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable
from functools import cached_property
from random import Random

from pulp_events.errors import StoreError
from pulp_events.outbox.presence import INTERVAL, Beat, Kind
from pulp_events.outbox.store import Outbox
from pulp_events.plugins.registry import Plugins
from pulp_events.system.clock import Clock
from pulp_events.system.logs import get_logger

SPREAD = 0.5
"""By how much of the interval beats are spread."""
PATIENCE = 1.0
"""Seconds for which the end waits for a beat that is under way."""

_logger = get_logger(__name__)


class Heartbeat:
    """What one bus tells of its process. Nothing here raises: that a beat was not stored keeps nobody from working.

    A thread that has something else to do asks `is_due`, and calls `beat`: none is woken for it.
    """

    def __init__(
        self,
        outbox: Outbox,
        plugins: Plugins,
        clock: Clock,
        began: float,
        on_beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`began`: when it began to work, in monotonic seconds. `on_beat`: called after each beat; it never raises."""
        self._outbox = outbox
        self._plugins = plugins
        self._clock = clock
        self._on_beat = on_beat
        self.id: str = os.urandom(8).hex()
        """`Presence.id` of this process."""
        self._spread = Random(self.id)
        self._kind = Kind.APPLICATION
        self._began = began
        self._next = -math.inf
        self._told = self._known = self._ended = self._warned = False
        self._beating = threading.Lock()

    def is_due(self, now: float) -> bool:
        """`now`: monotonic seconds."""
        return now >= self._next

    @property
    def known_as(self) -> str | None:
        """`id`, once the store has it; None before."""
        return self.id if self._known else None

    def become_worker(self, began: float | None = None) -> float:
        """This process is there for nothing but deliveries; returns when it began.

        `began`: what this returned for an earlier bus of the same process, which opens another when it is to read
        server.conf again.
        """
        self._kind = Kind.WORKER
        if began is not None:
            self._began = began
        self._next = -math.inf
        return self._began

    def appear(self) -> None:
        """Tell that it begins; what it has under way is told with the next beat, which is due at once."""
        self.beat(delivers=True)
        self._next = -math.inf

    def beat(self, *, delivers: bool, in_flight: int = 0) -> None:
        """Tell that it is at work."""
        if self._ended or not self._beating.acquire(blocking=False):
            return  # another thread is at it, or this very one, interrupted by a signal handler
        try:
            now = self._clock.monotonic()
            self._next = now + INTERVAL * (1 - SPREAD / 2 + SPREAD * self._spread.random())
            self._told = True
            self._outbox.beat(self._beat(delivers, in_flight, now - self._began))
            self._known, self._warned = True, False
        except Exception as error:  # noqa: BLE001  # the store may be anybody's
            if not self._warned:
                self._warned = True
                told = error if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
                _logger.warning("`pulp-admin event worker list` will not show this process: %s", told)
        finally:
            self._beating.release()
        self._on_beat()

    def end(self) -> None:
        """This process ends its work in order."""
        self._ended = True
        if not self._told or not self._beating.acquire(timeout=PATIENCE):
            return
        try:
            self._outbox.leave(self.id)
        except Exception as error:  # noqa: BLE001  # as above
            _logger.debug("this process will be listed as gone: %s", error)
        finally:
            self._beating.release()

    def _beat(self, delivers: bool, in_flight: int, uptime: float) -> Beat:
        return Beat(
            id=self.id,
            host=self._host,
            pid=os.getpid(),
            kind=self._kind,
            delivers=delivers,
            uptime=uptime,
            version=self._version,
            python="{}.{}.{}".format(*sys.version_info),
            plugins={plugin.name: plugin.version for plugin in self._plugins.loaded},
            notifier_types=sorted(self._plugins.notifiers),
            in_flight=in_flight,
        )

    @cached_property
    def _host(self) -> str:
        return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")

    @cached_property
    def _version(self) -> str:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("pulp-events")
        except PackageNotFoundError:  # a copy that was not installed
            return "unknown"
