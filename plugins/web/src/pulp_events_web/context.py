"""What belongs to one application: the bus, its settings; and who asks, for each request."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Any

from flask import Flask, current_app, g

from pulp_events import EventBus
from pulp_events_web.acting import Acting
from pulp_events_web.principal import Principal

_NAME = "pulp_events_web"


@dataclass(frozen=True)
class Context:
    """Of one application."""

    bus: EventBus
    settings: dict[str, Any]
    """The section `[web]`."""
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
