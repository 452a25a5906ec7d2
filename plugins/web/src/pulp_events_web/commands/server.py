"""waitress with what it lacks: limits on how slowly a client may send and read, its errors as ours, a quiet end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from pulp_events_web.access.listening import Address
from pulp_events_web.commands.channel import Channel

STEP = 0.5
"""Seconds between looks whether to stop."""
_CONNECTIONS = 1000


class Server:
    """Listens once it is made. Raises OSError where it cannot."""

    def __init__(self, application: Any, address: Address, settings: Mapping[str, Any]) -> None:
        self._map: dict[int, Any] = {}
        where = {"unix_socket": address.path, "unix_socket_perms": "660"} if address.path else {"listen": str(address)}
        timeout = self._timeout = settings["request_timeout"]
        self._looked = 0.0
        self._server = create_server(
            application,
            map=self._map,
            **where,
            threads=settings["threads"],
            connection_limit=_CONNECTIONS,
            channel_timeout=max(1, int(timeout)),
            cleanup_interval=max(1, int(timeout) // 4),
            max_request_body_size=settings["max_body"] + 1,  # waitress refuses what is as long as its limit
            clear_untrusted_proxy_headers=False,  # the application knows the trusted proxies, see `access.forwarded`
            channel_request_lookahead=1,  # else nobody hears that the reader of a stream has gone, see `api.tail`
            ident=None,
            asyncore_use_poll=True,
        )
        for each in self._listeners():
            each.channel_class = Channel

    @property
    def port(self) -> int:
        """Which one it got, where 0 was asked for."""
        return next((int(each.effective_port) for each in self._listeners() if hasattr(each, "effective_port")), 0)

    def run(self, stopped: Callable[[], bool], grace: float, step: float = STEP) -> None:
        """Answer until `stopped()`; then take no more requests, and let those under way end, for `grace` seconds."""
        while not stopped():
            self._step(step)
        for each in self._listeners():
            wasyncore.dispatcher.close(each)
        until = time.monotonic() + grace
        while time.monotonic() < until and any(each.requests or each.total_outbufs_len for each in self._channels()):
            self._step(0.05)
        self._server.task_dispatcher.shutdown(timeout=0.5)
        wasyncore.close_all(self._map, ignore_all=True)

    def _step(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)
        if (now := time.monotonic()) - self._looked >= min(STEP, self._timeout / 4):
            self._looked = now
            for each in self._channels():
                each.close_if_slow(now, self._timeout)

    def _listeners(self) -> list[Any]:
        return [each for each in self._map.values() if hasattr(each, "channel_class")]

    def _channels(self) -> list[Any]:
        return [each for each in self._map.values() if isinstance(each, Channel)]
