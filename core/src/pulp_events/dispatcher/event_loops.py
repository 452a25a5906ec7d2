"""Event loops for notifiers whose methods are coroutine functions: one for each type, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pulp_events.errors import TimedOut
from pulp_events.logs import get_logger

if TYPE_CHECKING:
    import asyncio

    from pulp_events.dispatcher.turn import Turn

BLOCKED = 1.0
"""Seconds without a sign of life after which a loop counts as blocked, and what comes next gets another one."""
MOST_BLOCKED = 8
"""Blocked loops of a notifier type; with more, its deliveries wait for one to come back."""

_logger = get_logger(__name__)


class EventLoops:
    """Made when first needed: most dispatchers have none.

    A coroutine that blocks, as with `time.sleep`, holds up what runs beside it in its loop. So a loop serves one
    notifier type, and is replaced for later attempts while it is blocked.
    """

    def __init__(self) -> None:
        self._loops: dict[str, _Loop] = {}
        self._blocked: dict[str, list[_Loop]] = {}
        self._lock = threading.Lock()

    def start(self, turn: Turn, work: Callable[[Turn], Any], ended: Callable[[Turn], None]) -> None:
        """Run `work(turn)` as a task; then call `ended(turn)`, in the loop's thread. Raises RuntimeError if no thread
        can be started."""
        found = self._of(turn.route.traits.notifier.type_id)
        turn.loop = found.loop
        found.spawn(turn, work, ended)

    async def wait(self, turn: Turn, value: Awaitable[Any]) -> object:
        """What `value` comes to, within the turn's limit; TimedOut otherwise."""
        if turn.loop is None:
            return self.run(turn.route.traits.notifier.type_id, value, turn.limit)
        import asyncio

        try:
            async with asyncio.timeout(turn.limit) as limit:
                return await value
        except TimeoutError:
            if limit.expired():
                raise TimedOut(f"no answer within {turn.limit:g} s") from None
            raise

    def run(self, type_id: str, value: Awaitable[Any], limit: float) -> object:
        """The same from a thread that may wait."""
        import asyncio
        from concurrent.futures import TimeoutError as Late

        async def finish() -> object:
            return await value

        future = asyncio.run_coroutine_threadsafe(finish(), self._of(type_id).loop)
        try:
            return future.result(limit)
        except Late:
            if future.done():
                raise
            future.cancel()
            raise TimedOut(f"no answer within {limit:g} s") from None

    def look_after(self) -> None:
        """Replace loops that are blocked, and forget those that came back."""
        with self._lock:
            for type_id, found in list(self._loops.items()):
                blocked = self._blocked.setdefault(type_id, [])
                for each in [one for one in blocked if one.is_alive()]:
                    blocked.remove(each)
                    each.stop_when_done()
                if not found.is_alive() and len(blocked) < MOST_BLOCKED:
                    _logger.error(
                        "notifier type %s: a coroutine%s blocks its event loop; what is begun from now on gets another "
                        "one",
                        type_id,
                        found.culprit(),
                    )
                    blocked.append(self._loops.pop(type_id))

    def stop(self) -> None:
        """End the loops; tasks that still run are cancelled."""
        with self._lock:
            for found in [*self._loops.values(), *(one for some in self._blocked.values() for one in some)]:
                found.stop()
            self._loops, self._blocked = {}, {}

    def _of(self, type_id: str) -> _Loop:
        with self._lock:
            found = self._loops.get(type_id)
            if found is None:
                found = self._loops[type_id] = _Loop(type_id)
            return found


class _Loop:
    def __init__(self, type_id: str) -> None:
        import asyncio

        self.loop = asyncio.new_event_loop()
        self._tasks: dict[asyncio.Task[Any], Turn] = {}
        self._asked = 0.0
        self._answered = True
        self._thread = threading.Thread(target=self._run, name=f"pulp-events-loop-{type_id}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        import asyncio

        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    def spawn(self, turn: Turn, work: Callable[[Turn], Any], ended: Callable[[Turn], None]) -> None:
        def begin() -> None:
            task = self.loop.create_task(work(turn))
            self._tasks[task] = turn
            task.add_done_callback(over)

        def over(task: asyncio.Task[Any]) -> None:
            del self._tasks[task]
            if not task.cancelled() and (error := task.exception()) is not None:
                _logger.error("a turn ends: %s", error)
            ended(turn)

        self.loop.call_soon_threadsafe(begin)

    def is_alive(self) -> bool:
        """False once a question stays unanswered for BLOCKED seconds; asks the next one."""
        now = time.monotonic()
        if not self._answered:
            return now - self._asked < BLOCKED
        if self._tasks:
            self._asked, self._answered = now, False
            self.loop.call_soon_threadsafe(self._answer)
        return True

    def _answer(self) -> None:
        self._answered = True

    def culprit(self) -> str:
        """Names the listener whose coroutine runs now, if that is known."""
        import asyncio

        task = asyncio.current_task(self.loop)
        turn = None if task is None else self._tasks.get(task)
        return "" if turn is None else f" for listener {turn.route.listener.id}"

    def stop_when_done(self) -> None:
        """End the thread once its tasks are over."""

        def look() -> None:
            if self._tasks:
                self.loop.call_later(0.5, look)
            else:
                self.loop.stop()

        self.loop.call_soon_threadsafe(look)

    def stop(self) -> None:
        def end() -> None:
            for task in list(self._tasks):
                task.cancel()
            self.loop.call_later(0.05, self.loop.stop)

        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(end)
