"""For uvicorn: the bus lives as long as the application. FastAPI takes the same `lifespan`."""

import asyncio
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pulp_events import EventBus


@asynccontextmanager
async def lifespan(app):
    app.state.bus = await asyncio.to_thread(EventBus.open)
    yield
    await asyncio.to_thread(app.state.bus.close)  # in a thread: the loop goes on


async def sync(request):
    event = await request.app.state.bus.emit_async("repo.sync.start", {"repo_id": request.path_params["repo"]})
    return PlainTextResponse(event.id)


app = Starlette(routes=[Route("/sync/{repo}", sync)], lifespan=lifespan)
