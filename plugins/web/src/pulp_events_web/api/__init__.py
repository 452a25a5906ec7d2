"""The REST API under `/api/v1/`: one module of resources each, described by OpenAPI 3.1 at `/api/v1/openapi.json`."""

from typing import Any

from flask import Flask
from flask_smorest import Api

from pulp_events_web import problems

API_VERSION = "1"
PREFIX = "/api/v1"


class _Api(Api):  # type: ignore[misc]
    """Its errors are problem details, and so described."""

    ERROR_SCHEMA = problems.ProblemSchema

    def handle_http_exception(self, error: Any) -> Any:
        return problems.of_http(error)


def register(app: Flask) -> None:
    """Add its routes."""
    from pulp_events_web.api import health, listener_actions, listeners, strict_json

    app.config.update(
        API_TITLE="pulp-events", API_VERSION=API_VERSION, OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )  # fmt: skip
    api = _Api(app)
    strict_json.register(app, PREFIX)
    for module in (health, listeners, listener_actions):
        api.register_blueprint(module.blueprint)
