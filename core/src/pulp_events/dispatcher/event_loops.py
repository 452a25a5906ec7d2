"""Event loops for notifiers whose methods are coroutine functions: one for each type, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from pulp_events.dispatcher.route import Route
from pulp_events.errors import TimedOut
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    import asyncio

BLOCKED = 1.0
"""Seconds without a sign of life after which a loop counts as blocked, and what comes next gets another one."""
MOST_BLOCKED = 8
"""Blocked loops of a notifier type; with more, its deliveries wait for one to come back."""

Work = Callable[[], Any]
Ended = Callable[[], None]

_logger = get_logger(__name__)


class InLoop(Protocol):
    """A turn, as far as the loop is concerned that it is a task of."""

    route: Route
    limit: float
    """Seconds that the step under way may take."""
    loop: object
    delay: Callable[[], float]


class EventLoops:
    """Made when first needed: most dispatchers have none.

    A coroutine that blocks, as with `time.sleep`, holds up what runs beside it in its loop. So a loop serves one
    notifier type, and is replaced for later attempts while it is blocked.
    """

    def __init__(self) -> None:
        self._loops: dict[str, _Loop] = {}
        self._blocked: dict[str, list[_Loop]] = {}
        self._lock = threading.Lock()

    def start(self, turn: InLoop, work: Work, ended: Ended) -> None:
        """Run `work()`, a coroutine function, as a task for the turn; then call `ended()` in the loop's thread.

        Raises RuntimeError if no thread can be started."""
        self._of(turn.route.traits.notifier.type_id).spawn(turn, work, ended)

    async def wait(self, turn: InLoop, value: Awaitable[Any]) -> object:
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

    def run(self, type_id: str, value: Awaitable[Any], limit: float, loop: object = None) -> object:
        """The same from a thread that may wait. `loop`: the one that it must be, if that is still there."""
        import asyncio
        from concurrent.futures import TimeoutError as Late

        async def finish() -> tuple[object, BaseException | None]:
            try:
                return await value, None
            except asyncio.CancelledError:
                if late.is_set():
                    raise
                return None, asyncio.CancelledError()
            except BaseException as error:  # noqa: BLE001  # SystemExit would end the loop, and with it all others
                return None, error

        late = threading.Event()
        with self._of(type_id, loop).used() as found_loop:
            future = asyncio.run_coroutine_threadsafe(finish(), found_loop)
            try:
                found, error = future.result(limit)
            except Late:
                late.set()
                future.cancel()
                raise TimedOut(f"no answer within {limit:g} s") from None
        if error is not None:
            raise error
        return found

    def replace_blocked(self) -> None:
        """Replace loops that are blocked, and forget those that came back."""
        with self._lock:
            for type_id, found in list(self._loops.items()):
                blocked = self._blocked.setdefault(type_id, [])
                for each in [one for one in blocked if one.is_alive()]:
                    blocked.remove(each)
                    each.stop_when_done()
                if not found.is_alive() and len(blocked) < MOST_BLOCKED:
                    _logger.error(
                        "notifier type %s: a coroutine%s blocks its event loop; new attempts get another one",
                        type_id,
                        found.culprit(),
                    )
                    blocked.append(self._loops.pop(type_id))
                    another = self._loops[type_id] = _Loop(type_id)
                    for begin in found.withdraw():
                        begin(another)

    @property
    def here(self) -> bool:
        """True if the calling thread is that of one of the loops: it must not wait for anything that runs in it."""
        with self._lock:
            return any(found.is_here for found in self._all())

    def stop(self) -> None:
        """End the loops; tasks that still run are cancelled."""
        with self._lock:
            for found in self._all():
                found.stop()
            self._loops, self._blocked = {}, {}

    def _all(self) -> list[_Loop]:
        return [*self._loops.values(), *(one for some in self._blocked.values() for one in some)]

    def _of(self, type_id: str, loop: object = None) -> _Loop:
        with self._lock:
            for blocked in self._blocked.get(type_id, ()):
                if blocked.loop is loop:
                    return blocked
            found = self._loops.get(type_id)
            if found is None or found.loop.is_closed():
                found = self._loops[type_id] = _Loop(type_id)
            return found


class _Loop:
    def __init__(self, type_id: str) -> None:
        import asyncio

        self.loop = asyncio.new_event_loop()
        self._tasks: dict[asyncio.Task[Any], InLoop] = {}
        self._waiting: dict[InLoop, tuple[Work, Ended]] = {}
        """What no task was made for yet."""
        self._unbegun: dict[InLoop, tuple[Work, Ended]] = {}
        """What has a task that did not run yet."""
        self._woken = False
        """True while the loop is to begin what waits."""
        self._called = self._delay = 0.0
        self._users = 0
        self._ending = False
        self._asked = 0.0
        self._answered = True
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"pulp-events-loop-{type_id}", daemon=True)
        self._thread.start()

    @property
    def is_here(self) -> bool:
        """True in its own thread."""
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        import asyncio

        asyncio.set_event_loop(self.loop)
        try:
            while not self._ending:
                try:
                    self.loop.run_forever()  # a notifier may stop it, or raise SystemExit in a callback
                except BaseException as error:  # noqa: BLE001
                    _logger.error("an event loop continues after %s: %s", type(error).__name__, error)
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()

    @contextmanager
    def used(self) -> Iterator[asyncio.AbstractEventLoop]:
        """The loop, for a thread that waits for something in it."""
        with self._lock:
            self._users += 1
        try:
            yield self.loop
        finally:
            with self._lock:
                self._users -= 1

    def spawn(self, turn: InLoop, work: Work, ended: Ended) -> None:
        turn.loop, turn.delay = self.loop, self.delay
        with self._lock:
            self._waiting[turn] = (work, ended)
            if self._woken:
                return  # it is about to begin all that waits
            self._woken, self._called = True, time.monotonic()
        self.loop.call_soon_threadsafe(self._begin_waiting)

    def delay(self) -> float:
        """Seconds for which what is ready waits for the loop to come to it."""
        return time.monotonic() - self._called if self._woken else self._delay

    def withdraw(self) -> list[Callable[[_Loop], None]]:
        """Take back what was not begun: each is called with the loop that it is to be spawned in.

        Those of the listener that blocks this loop come last: it may block the next one, too.
        """
        blocks = self._running()
        with self._lock:
            taken = self._unbegun | self._waiting
            self._unbegun, self._waiting, self._woken = {}, {}, False
        ordered = sorted(taken, key=lambda turn: blocks is not None and turn.route is blocks.route)
        return [partial(_spawn, turn, *taken[turn]) for turn in ordered]

    def _begin_waiting(self) -> None:
        with self._lock:
            self._unbegun |= (waiting := self._waiting)
            self._waiting = {}
            self._woken, self._delay = False, time.monotonic() - self._called
        for turn in waiting:
            task = self.loop.create_task(self._do(turn))
            self._tasks[task] = turn
            task.add_done_callback(self._over)

    async def _do(self, turn: InLoop) -> None:
        with self._lock:
            found = self._unbegun.pop(turn, None)
        if found is None:
            return  # another loop has it
        work, ended = found
        try:
            await work()
        finally:
            ended()  # here, as callbacks of the task come after other tasks, which may block the loop

    def _over(self, task: asyncio.Task[Any]) -> None:
        turn = self._tasks.pop(task)
        if not task.cancelled():
            if (error := task.exception()) is not None:
                _logger.error("deliveries to a listener were interrupted: %s", error)
            return
        with self._lock:
            found = self._unbegun.pop(turn, None)
        if found is not None:  # cancelled before it ran
            found[1]()

    def is_alive(self) -> bool:
        """False once a question stays unanswered for BLOCKED seconds; asks the next one."""
        now = time.monotonic()
        if not self._answered:
            return now - self._asked < BLOCKED
        if (self._tasks or self._waiting or self._users) and not self.loop.is_closed():
            self._asked, self._answered = now, False
            self.loop.call_soon_threadsafe(self._answer)
        return True

    def _answer(self) -> None:
        self._answered = True

    def culprit(self) -> str:
        """Names the listener whose coroutine runs now, if that is known."""
        turn = self._running()
        return "" if turn is None else f" for listener {turn.route.listener.id}"

    def _running(self) -> InLoop | None:
        import asyncio

        task = asyncio.current_task(self.loop)
        return None if task is None else self._tasks.get(task)

    def stop_when_done(self) -> None:
        """End the thread once its tasks are over."""

        def stop_if_idle() -> None:
            if self._tasks or self._waiting or self._users:
                self.loop.call_later(0.5, stop_if_idle)
            else:
                self._ending = True
                self.loop.stop()

        self.loop.call_soon_threadsafe(stop_if_idle)

    def stop(self) -> None:
        def end() -> None:
            self._ending = True
            for task in list(self._tasks):
                task.cancel()
            self.loop.call_later(0.05, self.loop.stop)

        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(end)


def _spawn(turn: InLoop, work: Work, ended: Ended, loop: _Loop) -> None:
    loop.spawn(turn, work, ended)
