"""Waiting for signals in the main thread, without a moment in which one is missed."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Mapping
from types import FrameType, TracebackType
from typing import Any


class Signals:
    """Calls a function for each signal that arrives, and lets the main thread wait for the next one.

    The interpreter writes a byte to a pipe for each signal (`signal.set_wakeup_fd`). A lock or an event must not be
    touched in a handler: it interrupts the very thread that may be holding it.
    """

    def __init__(self, handlers: Mapping[str, Callable[[], None]]) -> None:
        self._handlers = handlers
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._wakeup_before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for name, handler in self._handlers.items():
            number = getattr(signal, name, None)
            if number is not None:
                self._before[number] = signal.signal(number, _ignoring_arguments(handler))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._reading)
        os.close(self._writing)

    def wait(self, timeout: float | None) -> None:
        """Return when a signal has arrived since the last call, at the latest after `timeout` seconds."""
        if select.select([self._reading], [], [], timeout)[0]:
            os.read(self._reading, 4096)


def _ignoring_arguments(handler: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
    return lambda _number, _frame: handler()
