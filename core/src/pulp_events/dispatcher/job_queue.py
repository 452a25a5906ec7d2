"""`JobQueue`: jobs that wait for a thread. The lock of the queues guards it."""

from __future__ import annotations

import itertools
import threading
from collections import deque

from pulp_events.dispatcher.jobs import Job

CLOSING = 16
"""One channel may be closed at a time for so many attempts that may be under way."""
MOST_LOOKED_AT = 64
"""Jobs of which the next one is chosen."""


class JobQueue:
    """Closing may hang, so few channels are closed at once, one of each listener; any number once `stopping` is set."""

    def __init__(self, concurrency: int, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._jobs: deque[Job] = deque()
        self._closing: set[str] = set()
        """Listeners a channel of which is being closed."""
        self._most_closing = max(2, concurrency // CLOSING)

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """It waits."""
        self._jobs.append(job)

    @property
    def has_next(self) -> bool:
        """True if one may begin."""
        return any(map(self._may_begin, itertools.islice(self._jobs, MOST_LOOKED_AT)))

    def take(self) -> Job | None:
        """The first that may begin."""
        for job in itertools.islice(self._jobs, MOST_LOOKED_AT):
            if self._may_begin(job):
                self._jobs.remove(job)
                if job.closes_for is not None:
                    self._closing.add(job.closes_for)
                return job
        return None

    def ended(self, job: Job) -> None:
        """It is over, or was given up."""
        if job.closes_for is not None:
            self._closing.discard(job.closes_for)

    def _may_begin(self, job: Job) -> bool:
        if job.closes_for is None:
            return True
        return job.closes_for not in self._closing and (
            len(self._closing) < self._most_closing or self._stopping.is_set()
        )
