"""One connection: its errors as ours; and how slowly a client may send a request, and read an answer."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from pulp_events_web.access.response_headers import BARE
from pulp_events_web.problems import MEDIA_TYPE

SLOWEST = 4096
"""Octets per second that a client takes at least, while there are any for it. waitress itself lets a client that reads
nothing keep the thread that writes to it, for ever."""


_PAGES = ("/console", "/login")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>{said}</p></main></body></html>
"""


def _said(status: HTTPStatus) -> str:
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return "Nothing was stored: the form is larger than this server takes ([web] max_body in server.conf)."
    return "Nothing was done. Go back, and try again."


class _ErrorTask(ErrorTask):  # type: ignore[misc]  # waitress is not typed
    """What waitress refuses by itself: it is told as the application tells it."""

    def execute(self) -> None:
        error = self.request.error
        status = HTTPStatus(error.code)
        if str(getattr(self.request, "path", "")).startswith(_PAGES):
            kind, body = "text/html; charset=utf-8", _PAGE.format(title=status.phrase, said=_said(status)).encode()
        else:
            problem = {"type": "about:blank", "title": status.phrase, "status": int(status)}
            kind, body = MEDIA_TYPE, json.dumps(problem).encode()
        self.status = f"{status.value} {status.phrase}"
        self.response_headers.extend([("Content-Type", kind), *BARE.items()])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]
    """For `maintenance`, a request that still arrives is as old as its first octet."""

    error_task_class = _ErrorTask
    _began: float | None = None
    _behind: float | None = None
    """Since when there has been something to be read, or since the last time that enough had been."""
    _taken = 0
    """Octets since then."""

    def handle_read(self) -> None:
        super().handle_read()
        if self.request is None:
            self._began = None
        else:
            self._began = self._began or time.time()
            self.last_activity = self._began

    def send(self, data: bytes, do_close: bool = True) -> Any:
        sent = super().send(data, do_close=do_close)
        self._taken += sent
        return sent

    def close_if_slow(self, now: float, patience: float) -> None:
        """Close the connection, which frees its thread, if too little was read for so many seconds."""
        if not self.total_outbufs_len:
            self._behind = None
        elif self._behind is None:
            self._behind, self._taken = now, 0
        elif now - self._behind > patience:
            if self._taken < SLOWEST * (now - self._behind):
                self.handle_close()
            self._behind, self._taken = now, 0
