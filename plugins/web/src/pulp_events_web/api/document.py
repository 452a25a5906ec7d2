"""The OpenAPI document, and the errors of what it describes: problem details (RFC 9457) alone."""

from __future__ import annotations

from typing import Any

from flask_smorest import Api

from pulp_events_web import problems
from pulp_events_web.api.resources import WHEN


class Document(Api):  # type: ignore[misc]  # flask-smorest is not typed
    """What serves it."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def handle_http_exception(self, error: Any) -> Any:
        return problems.of_http(error)

    def _register_responses(self) -> None:
        """By the names of their statuses, which is how `Resources` refers to them."""
        from http import HTTPStatus

        for status, when in WHEN.items():
            content = {problems.MEDIA_TYPE: {"schema": problems.ProblemSchema}}
            self.spec.components.response(HTTPStatus(status).name, {"description": when, "content": content}, lazy=True)
