"""`EmittingThreads`: where `emit_async` waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pulp_events.system.asked import asked_now

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

P = ParamSpec("P")
T = TypeVar("T")

EMITTING_THREADS = 8
"""Several, so that events emitted at once share a commit."""


class EmittingThreads:
    """A pool of threads, made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._stopped = False

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of the call, which is made in one of the threads; the event loop goes on meanwhile.

        The thread has the caller's context, as with `asyncio.to_thread`. Once they were stopped the call is made here:
        the bus was closed while its caller came to this, which the call has to find, and to say.
        """
        import asyncio
        from contextvars import copy_context
        from functools import partial

        context = copy_context()
        context.run(asked_now)  # the wait for one of the threads counts
        within = partial(context.run, call, *args, **kwargs)
        with self._lock:
            made = None if self._stopped else asyncio.get_running_loop().run_in_executor(self._get_pool(), within)
        return within() if made is None else await made

    def stop(self) -> None:
        """Wait for the calls under way, and end the threads."""
        with self._lock:
            self._stopped = True
        if self._pool is not None:
            self._pool.shutdown()

    def _get_pool(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        if self._pool is None:
            self._pool = ThreadPoolExecutor(EMITTING_THREADS, "pulp-events-emit")
        return self._pool
