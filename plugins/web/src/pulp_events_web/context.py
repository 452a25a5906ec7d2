"""What belongs to one application: the bus, its settings; and who asks, for each request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Any

from flask import Flask, current_app, g
from werkzeug.exceptions import TooManyRequests

from pulp_events import EventBus
from pulp_events_web.acting import Acting
from pulp_events_web.places import Budget, Full
from pulp_events_web.principal import Principal

_NAME = "pulp_events_web"
RETRY = 10
"""Seconds after which who found no place may try again."""


@dataclass(frozen=True)
class Context:
    """Of one application."""

    bus: EventBus
    settings: dict[str, Any]
    """The section `[web]`."""
    budget: Budget
    """Of threads."""
    stopping: Flag = field(default_factory=Flag)
    """Set when the server ends: an answer that goes on for ever looks at it, and ends too."""


def attach(app: Flask, context: Context) -> None:
    """Make it the application's."""
    app.extensions[_NAME] = context


def stopping(app: Flask) -> None:
    """The server ends."""
    app.extensions[_NAME].stopping.set()


def context() -> Context:
    """That of the application that answers."""
    found: Context = current_app.extensions[_NAME]
    return found


def acting() -> Acting:
    """The bus in the name of who asks. Raises Unauthorized (`access`) if that is nobody known."""
    return Acting(context().bus, principal())


def principal() -> Principal:
    """Who asks: proved before the view runs. Raises Unauthorized."""
    from pulp_events_web.access.authentication import Unauthorized

    found: Principal | None = getattr(g, "principal", None)
    if found is None:
        raise Unauthorized
    return found


def still_known(every: float) -> Callable[[], bool]:
    """Whether who asks is still known, looked up once in so many seconds; for an answer that goes on for long."""
    holds, looked = g.get("holds", lambda: True), time.monotonic()

    def ask() -> bool:
        nonlocal looked
        if time.monotonic() - looked < every:
            return True
        looked = time.monotonic()
        return bool(holds())

    return ask


@contextmanager
def taking_long() -> Iterator[None]:
    """What keeps a thread of the server for seconds. Raises TooManyRequests where too many do so already."""
    try:
        with context().budget.long.held(principal().name):
            yield
    except Full as full:
        raise too_many(f"such requests are under way{' of yours' if full.own else ''}", full.most) from None


def too_many(what: str, most: int) -> TooManyRequests:
    """The refusal of what takes long. `most`: as many as there may be."""
    return TooManyRequests(f"{most} {what}, and more may not be; try again in a moment", retry_after=RETRY)
