"""`create_app`: the WSGI application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

from pulp_events import EventBus
from pulp_events_web import access, api, console, problems, pulp2
from pulp_events_web.context import Context, attach


def create_app(bus: EventBus, settings: Mapping[str, Any] | None = None) -> Flask:
    """The API, Pulp 2's routes and the console, on this bus, which stays the caller's to close.

    `settings`: over `[web]` of the bus's settings; raises SettingsError for what is not valid there.
    """
    app = Flask(__name__, static_folder=None, template_folder=None)
    given = {**bus.settings.section("web"), **(settings or {})}
    attach(app, Context(bus, given))
    app.config["MAX_CONTENT_LENGTH"] = given["max_body"]
    access.register(app)
    problems.register(app)
    api.register(app)
    pulp2.register(app)
    console.register(app)
    return app
