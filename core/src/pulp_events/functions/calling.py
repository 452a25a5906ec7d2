"""Whether the code that runs now was called by a bus, as a function that is a listener."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

_calling: ContextVar[bool] = ContextVar("pulp_events_calling", default=False)


@contextmanager
def calling() -> Iterator[None]:
    """The block calls a function, or awaits what it returned."""
    token = _calling.set(True)
    try:
        yield
    finally:
        # Of a coroutine that was abandoned, the garbage collector makes this the end, in whatever context it runs.
        with suppress(ValueError):
            _calling.reset(token)


def is_called() -> bool:
    """True in such a function, and in what it calls in turn."""
    return _calling.get()
