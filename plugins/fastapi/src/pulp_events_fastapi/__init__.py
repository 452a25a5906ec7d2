"""pulp-events in a FastAPI application.

events = Events(deliver="external", event_types=[EventType("order.placed", "a customer ordered something")])
app = FastAPI(lifespan=events.lifespan)

@app.post("/orders")
async def place(order: Order, bus: Bus) -> None:
    await bus.emit_async("order.placed", {"item": order.item})
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.requests import HTTPConnection

from pulp_events import EventBus, EventModel, EventType

__all__ = ["Bus", "Events", "get_bus"]

STATE = "pulp_events_bus"
"""Where the bus is in `app.state`."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any] | None]]


class Events:
    """Opens a bus when an application starts, and closes it when that ends; the event loop waits for neither."""

    def __init__(
        self,
        *,
        event_types: Iterable[EventType | type[EventModel]] = (),
        within: Lifespan | None = None,
        **options: Any,
    ) -> None:
        """`options`: what `EventBus.open` takes. `within`: the application's own lifespan; the bus is open in it."""
        self._event_types = tuple(event_types)
        self._within = within
        self._options = options

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[Any]:
        """`lifespan` of `FastAPI`. Raises what `EventBus.open` raises; the application does not start then."""
        async with AsyncExitStack() as stack:
            bus = await stack.enter_async_context(EventBus.open_async(**self._options))
            for each in self._event_types:
                bus.event_types.register(each)
            setattr(app.state, STATE, bus)
            stack.callback(delattr, app.state, STATE)
            yield None if self._within is None else await stack.enter_async_context(self._within(app))


def get_bus(connection: HTTPConnection) -> EventBus:
    """The bus of the application that a request, or a WebSocket, is to."""
    bus: EventBus | None = getattr(connection.app.state, STATE, None)
    if bus is None:
        raise RuntimeError("no event bus is open: give FastAPI `lifespan=Events(…).lifespan`, and let it start")
    return bus


Bus = Annotated[EventBus, Depends(get_bus)]
"""A parameter of this type is the bus."""
