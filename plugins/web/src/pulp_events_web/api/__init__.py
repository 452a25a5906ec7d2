"""The REST API under `/api/v1/`: one module of resources each, described by OpenAPI 3.1 at `/api/v1/openapi.json`."""

from flask import Flask

API_VERSION = "1"


def register(app: Flask) -> None:
    """Add its routes."""
    from pulp_events_web.api import (
        deliveries,
        events,
        health,
        listener_asking,
        listener_operating,
        listeners,
        stats,
        strict_json,
        tail,
        types,
    )  # fmt: skip
    from pulp_events_web.api.document import SECURITY, Document
    from pulp_events_web.api.resources import PREFIX

    app.config.update(
        API_TITLE="pulp-events", API_VERSION=API_VERSION, OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )  # fmt: skip
    api = Document(app, spec_kwargs={"security": SECURITY})
    strict_json.register(app, PREFIX)
    for module in (health, listeners, listener_operating, listener_asking, deliveries, events, types, stats, tail):
        api.register_blueprint(module.blueprint)
