"""For uvicorn: the bus lives as long as the application. FastAPI takes the same `lifespan`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pulp_events import EventBus


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with EventBus.open_async() as bus:
        app.state.bus = bus
        yield


async def sync(request: Request) -> PlainTextResponse:
    event = await request.app.state.bus.emit_async("repo.sync.start", {"repo_id": request.path_params["repo"]})
    return PlainTextResponse(event.id)


app = Starlette(routes=[Route("/sync/{repo}", sync)], lifespan=lifespan)
