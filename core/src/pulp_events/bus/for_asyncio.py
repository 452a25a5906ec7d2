"""`ForAsyncio`: the bus in an event loop, which nothing here keeps waiting."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self, overload

from pulp_events.bus.lifecycle import Lifecycle
from pulp_events.errors import EventsError
from pulp_events.system.arguments import check_seconds

if TYPE_CHECKING:
    from datetime import datetime

    from pulp_events.bus.emitter import Emitted
    from pulp_events.bus.lazy import Given
    from pulp_events.bus.opening import Opening
    from pulp_events.events.event import Event
    from pulp_events.events.event_model import EventModel
    from pulp_events.outbox.connection import AsyncConnection
    from pulp_events.outbox.delivery import Delivery

_POLL = 0.05
"""Seconds between looks of `wait_async`."""


class ForAsyncio(Lifecycle):
    """What waits for a disk, a database or a delivery waits in a thread of the bus's own."""

    @classmethod
    def open_async(cls, *arguments: Any, **named: Any) -> Opening[Self]:
        """`open` for asyncio: `bus = await EventBus.open_async()`, or, closed at the end of the block,
        `async with EventBus.open_async() as bus:`. Takes what `open` takes, and raises what it raises."""
        from pulp_events.bus.opening import Opening

        return Opening(partial(cls.open, *arguments, **named))  # type: ignore[attr-defined]

    @overload
    async def emit_async(
        self,
        event_type: EventModel,
        *,
        call_report: Given = None,
        id: str | None = None,
        connection: AsyncConnection | None = None,
        expires: float | datetime | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> Event: ...

    @overload
    async def emit_async(
        self,
        event_type: str,
        payload: Given = None,
        call_report: Given = None,
        *,
        id: str | None = None,
        connection: AsyncConnection | None = None,
        expires: float | datetime | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> Event: ...

    async def emit_async(
        self,
        event_type: str | EventModel,
        payload: Given = None,
        call_report: Given = None,
        *,
        id: str | None = None,
        connection: AsyncConnection | None = None,
        expires: float | datetime | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> Event:
        """`emit` for asyncio. `connection`: one of asyncio's, of psycopg, asyncpg, aiosqlite or SQLAlchemy, that nobody
        else uses until this returns. A cancelled call may still emit, but for one with a connection, which leaves all
        or nothing in the transaction, and then raises CancelledError."""
        event = (event_type, payload, call_report, id)
        [emitted] = await self._emit_async([event], connection, expires, scope, trace_context)
        return emitted

    async def emit_many_async(
        self,
        events: Iterable[Emitted],
        *,
        connection: AsyncConnection | None = None,
        expires: float | datetime | None = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> list[Event]:
        """`emit_many` for asyncio; `connection`, and what a cancelled call does, as of `emit_async`."""
        return await self._emit_async(events, connection, expires, scope, trace_context)

    async def wait_async(self, event: Event | str, timeout: float | None = None) -> list[Delivery]:
        """`wait` for asyncio: no thread is kept waiting meanwhile, however many tasks wait."""
        import asyncio

        from pulp_events.bus.waiting import id_of, is_done

        self._check_open()
        check_seconds(timeout, "timeout", none=True)
        event_id, deadline = id_of(event), None if timeout is None else time.monotonic() + timeout
        while True:
            deliveries = await self._threads.run(lambda: list(self._open_outbox().of_event(event_id)))
            left = _POLL if deadline is None else min(_POLL, deadline - time.monotonic())
            if left <= 0 or is_done(deliveries):
                return deliveries
            await asyncio.sleep(left)

    async def close_async(self, grace: float | None = None, *, drain: bool = True) -> None:
        """`close` for asyncio. It goes on to its end if this call is cancelled, which is then raised."""
        from pulp_events.bus.opening import in_own_thread

        await in_own_thread(lambda: self.close(grace, drain=drain))

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close_async()

    async def _emit_async(self, events: Iterable[Any], connection: Any, *rest: Any) -> list[Event]:
        if self._closed:  # there are no threads any more: it is refused
            return self._emit(events, None, *rest)
        if connection is None:
            return await self._threads.run(self._emit, events, None, *rest)
        from pulp_events.borrowed.on_loop import lend
        from pulp_events.system.to_its_end import to_its_end

        try:
            lent = await lend(connection)
        except EventsError as error:
            return self._emitting.refusals.take(error, events)
        # The connection is its owner's again when this ends, and so not before the thread is done with it.
        return await to_its_end(self._threads.run(self._emit, events, lent, *rest))
