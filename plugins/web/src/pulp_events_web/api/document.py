"""The OpenAPI document, and the errors of what it describes: problem details (RFC 9457) alone."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request
from flask_smorest import Api

from pulp_events_web import problems
from pulp_events_web.api.operations import named
from pulp_events_web.api.resources import WHEN

SCHEMES: dict[str, dict[str, Any]] = {
    "token": {"type": "http", "scheme": "bearer", "description": "of `pulp-admin event web token create`"},
    "password": {"type": "http", "scheme": "basic", "description": "the token as password, with any user name"},
}
SECURITY: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]
"""Either of them."""


class Document(Api):  # type: ignore[misc]  # flask-smorest is not typed
    """What serves it."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _init_spec(self, **options: Any) -> None:
        super()._init_spec(**options)
        for name, scheme in SCHEMES.items():
            self.spec.components.security_scheme(name, scheme)

    def _register_pagination_header(self) -> None:
        """Ours is in the body."""

    def _openapi_json(self) -> Response:
        """With the path under which the application is mounted."""
        document = {**named(self.spec.to_dict()), "servers": [{"url": request.script_root or "/"}]}
        return Response(json.dumps(document, indent=2), content_type="application/json")

    def handle_http_exception(self, error: Any) -> Any:
        return problems.of_http(error)

    def _register_responses(self) -> None:
        """By the names of their statuses, which is how `Resources` refers to them."""
        from http import HTTPStatus

        for status, when in WHEN.items():
            content = {problems.MEDIA_TYPE: {"schema": problems.ProblemSchema}}
            self.spec.components.response(HTTPStatus(status).name, {"description": when, "content": content}, lazy=True)
