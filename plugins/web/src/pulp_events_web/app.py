"""`create_app`: the WSGI application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask
from marshmallow import ValidationError

from pulp_events import EventBus
from pulp_events.errors import SettingsError
from pulp_events.fields import messages
from pulp_events_web import access, api, console, problems, pulp2
from pulp_events_web.access.one_time import OneTimeLink
from pulp_events_web.context import Context, attach
from pulp_events_web.places import Budget
from pulp_events_web.settings import WebSettings


def create_app(bus: EventBus, settings: Mapping[str, Any] | None = None, link: OneTimeLink | None = None) -> Flask:
    """The API, Pulp 2's routes and the console, on this bus, which stays the caller's to close.

    `settings`: over `[web]` of the bus's settings; raises SettingsError for what is not valid there. `link`: opens the
    console once. Raises StoreError where tokens cannot be kept in the data folder.
    """
    app = Flask(__name__, static_folder=None, template_folder=None)
    given = {**WebSettings().load({}), **bus.settings.section("web"), **_checked(settings or {})}
    attach(app, Context(bus, given, Budget.of(given["threads"])))
    app.config["MAX_CONTENT_LENGTH"] = given["max_body"]
    access.register(app, bus.data_dir, given, link)
    problems.register(app)
    api.register(app)
    pulp2.register(app)
    console.register(app)
    return app


def _checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {key: value for key, value in WebSettings().load(settings).items() if key in settings}
    except ValidationError as error:
        faults = "; ".join(f"key {key}: {text}" for key, text in messages(error.messages))
        raise SettingsError(f"create_app(settings=…), {faults}") from None
