"""Channels with coroutine functions, for claims that call a channel themselves and wait for it."""

from __future__ import annotations

import inspect
import threading
from typing import Any

from pulp_events import Channel, Delivery, Notifier
from pulp_events.dispatcher.event_loops import EventLoops
from pulp_events.networks import Networks
from pulp_events.notifier import Config

_LOOPS = EventLoops()
BEAT = 0.01
"""Seconds from one sign of life of an event loop to the next."""


def forget_loops() -> None:
    """In a child process: the threads of the loops are not there."""
    global _LOOPS
    _LOOPS = EventLoops()


def open_channel(notifier: Notifier, config: Config, settings: Config, networks: Networks | None = None) -> Channel:
    """What the notifier's `open` returns, or, where that has coroutine functions, a channel that waits for them.

    `networks`: what `open_within` returns, which is to hold its connections to them.
    """
    channel = notifier.open(config, settings) if networks is None else notifier.open_within(config, settings, networks)
    functions = [channel.open, channel.send, channel.close]
    if type(notifier).open is Notifier.open:
        functions.append(notifier.deliver)
    if not any(inspect.iscoroutinefunction(function) for function in functions):
        return channel
    return Waiting(channel, notifier.type_id, notifier.limit(config, settings))


class Waiting(Channel):
    """Runs what the channel returns in an event loop of the dispatcher's kind, for at most `limit` seconds."""

    def __init__(self, channel: Channel, type_id: str, limit: float) -> None:
        self._channel = channel
        self._type_id = type_id
        self._limit = limit

    def open(self) -> None:
        self._finish(self._channel.open())

    def close(self) -> None:
        self._finish(self._channel.close())

    def send(self, delivery: Delivery) -> None:
        value = self._finish(self._channel.send(delivery))
        self.detail, self.broken = self._channel.detail, self._channel.broken
        return value  # type: ignore[no-any-return]  # a claim looks whether it is None

    def stall(self, delivery: Delivery) -> tuple[float, float]:
        """Open, send and close in one coroutine, whatever comes of it.

        Returns the seconds for which nothing else could run in its event loop, and those that it took.
        """
        found: tuple[float, float] = _LOOPS.run(self._type_id, self._watched(delivery), self._limit + 5)  # type: ignore[assignment]
        return found

    async def _watched(self, delivery: Delivery) -> tuple[float, float]:
        import asyncio

        loop, over = asyncio.get_running_loop(), threading.Event()
        began, lived, passed = loop.time(), 0, 0

        async def live() -> None:
            nonlocal lived
            while True:
                await asyncio.sleep(BEAT)
                lived += 1

        def let_time_pass() -> None:
            """A measure of its own, as a machine that stands still stops all threads, and is nobody's fault."""
            nonlocal passed
            while not over.wait(BEAT):
                passed += 1

        living = loop.create_task(live())
        threading.Thread(target=let_time_pass, name="contract-beat", daemon=True).start()
        for step in (self._channel.open, lambda: self._channel.send(delivery), self._channel.close):
            try:
                value: Any = step()
                if inspect.isawaitable(value):
                    await value
            except Exception:  # noqa: S110  # other claims look at what is raised
                pass
        living.cancel()
        over.set()
        whole = loop.time() - began
        return whole * (1.0 - min(1.0, lived / max(1, passed))), whole

    def _finish(self, value: Any) -> Any:
        return _LOOPS.run(self._type_id, value, self._limit) if inspect.isawaitable(value) else value

    def __repr__(self) -> str:
        return repr(self._channel)
