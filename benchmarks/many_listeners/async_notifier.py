"""A notifier whose `send` is a coroutine function, on aiohttp: `bench-async`."""

from __future__ import annotations

import asyncio
from typing import Any

from marshmallow import Schema, fields

from pulp_events import Channel, Delivery, Notifier, TransientFailure, hookimpl
from pulp_events.plugins.registry import Plugins

_sessions: dict[asyncio.AbstractEventLoop, Any] = {}


class Config(Schema):
    """Where to."""

    url = fields.String(required=True, metadata={"help": "URL to POST to"})


class AsyncChannel(Channel):
    """All channels of an event loop share a session."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def send(self, delivery: Delivery) -> None:  # type: ignore[override]
        """POST the report."""
        import aiohttp

        loop = asyncio.get_running_loop()
        session = _sessions.get(loop)
        if session is None:
            session = _sessions[loop] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        headers = {"Content-Type": "application/json"}
        async with session.post(self._url, data=delivery.report, headers=headers) as response:
            await response.read()
            if response.status >= 300:
                raise TransientFailure(f"answered {response.status}")


class AsyncNotifier(Notifier):
    """The notifier type."""

    type_id = "bench-async"
    config_schema = Config

    def open(self, config: Any, settings: Any) -> Channel:
        """A channel."""
        return AsyncChannel(config["url"])


class Plugin:
    """What brings it."""

    @hookimpl
    def pulp_notifiers(self) -> list[Notifier]:
        """One."""
        return [AsyncNotifier()]


def plugins() -> Plugins:
    """What is installed, and this one."""
    found = Plugins.load()
    found.add("bench-async", Plugin())
    return found
