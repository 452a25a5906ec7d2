"""Procedures: what several steps of talking to the broker, with waiting between them, are written as."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, TypeVar

from pulp_events import TransientFailure

T = TypeVar("T")

Procedure = Generator[Callable[[], bool], None, T]
"""Runs on the engine's thread; yields conditions and is resumed once they are true; returns its result."""


class Running:
    """A procedure under way; its future belongs to the thread that waits for it."""

    def __init__(self, procedure: Callable[[], Procedure[Any]]) -> None:
        self.result: Future[Any] = Future()
        self._make = procedure
        self._steps: Procedure[Any] | None = None
        self._ready: Callable[[], bool] | None = None

    def advance(self) -> bool:
        """Run as far as the conditions permit; True when it has ended."""
        if self.result.cancelled():
            if self._steps is not None:
                self._steps.close()
            return True
        try:
            if self._steps is None:
                self._steps = self._make()
                self._ready = next(self._steps)
            while self._ready is None or self._ready():
                self._ready = next(self._steps)
        except StopIteration as stop:
            value = stop.value
            self._finish(lambda: self.result.set_result(value))
        except Exception as error:  # noqa: BLE001  handed to the thread that waits
            failure = error
            self._finish(lambda: self.result.set_exception(failure))
        else:
            return False
        return True

    def fail(self, reason: str) -> None:
        self._finish(lambda: self.result.set_exception(TransientFailure(reason)))

    def _finish(self, deliver: Callable[[], None]) -> None:
        if self.result.set_running_or_notify_cancel():
            deliver()
