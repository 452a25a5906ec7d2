"""`Opening`: a bus that an event loop opens, and closes, in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from pulp_events.system.to_its_end import to_its_end


class Closing(Protocol):
    """A bus, as far as it is closed."""

    def close(self, grace: float = 5.0, *, drain: bool = True) -> None:
        """Release everything."""

    async def close_async(self, grace: float = 5.0, *, drain: bool = True) -> None:
        """The same in an event loop."""


B = TypeVar("B", bound=Closing)
T = TypeVar("T")


class Opening(Generic[B]):
    """To be awaited, or entered by `async with`, once."""

    def __init__(self, open_bus: Callable[[], B]) -> None:
        self._open = open_bus
        self._bus: B | None = None

    def __await__(self) -> Generator[object, None, B]:
        return self._opened().__await__()

    async def __aenter__(self) -> B:
        self._bus = await self
        return self._bus

    async def __aexit__(self, *error: object) -> None:
        assert self._bus is not None
        await self._bus.close_async()

    async def _opened(self) -> B:
        opened: list[B] = []
        try:
            await in_own_thread(lambda: opened.append(self._open()))
        except asyncio.CancelledError:
            if opened:
                await in_own_thread(opened[0].close)
            raise
        return opened[0]


async def in_own_thread(call: Callable[[], T]) -> T:
    """The result of a call that takes seconds, made in a thread of its own; it is waited for even if this is cancelled.

    A pool could be full, or shut down by then, as the event loop's is at its end.
    """
    thread = ThreadPoolExecutor(1, "pulp-events-open-close")
    try:
        return await to_its_end(asyncio.get_running_loop().run_in_executor(thread, call))
    finally:
        thread.shutdown(wait=False)
