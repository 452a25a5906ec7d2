"""Asks and changes the store in threads, so that the screen and the keys never wait for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """A thread that does one thing at a time; what came of it is fetched with `results`."""

    def __init__(self, name: str, wake: Callable[[], None]) -> None:
        """`wake`: called when there is a result."""
        self._wake = wake
        self._tasks: queue.SimpleQueue[Callable[[], T] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[T | Exception] = queue.SimpleQueue()
        self._under_way = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Something is under way whose result was not fetched."""
        return self._under_way > 0

    def submit(self, task: Callable[[], T]) -> None:
        """Do this after what was submitted before."""
        self._under_way += 1
        self._tasks.put(task)

    def results(self) -> list[T | Exception]:
        """What came of tasks since the last call, or what they raised."""
        found: list[T | Exception] = []
        while not self._done.empty():
            found.append(self._done.get())
        self._under_way -= len(found)
        return found

    def stop(self, seconds: float) -> None:
        """Let it end after what it is doing, and wait at most so long."""
        self._tasks.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                result: T | Exception = task()
            except Exception as error:  # noqa: BLE001  # it is shown, and the view goes on
                result = error
            self._done.put(result)
            self._wake()
