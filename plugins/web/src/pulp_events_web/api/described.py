"""What an operation may answer beside what it is for, as the OpenAPI document has it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from flask_smorest import Blueprint

from pulp_events_web.problems import MEDIA_TYPE, ProblemSchema

F = TypeVar("F", bound=Callable[..., Any])

ALWAYS = (400, 401, 403, 413, 429, 503)
"""Of every operation."""
WITH_BODY = (415, 422)
OF_ONE = (404,)
CHANGING = (409, 412)

ETAG = {"ETag": {"description": "of the record, for If-Match", "schema": {"type": "string"}}}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "ETag of the listener as it was seen: 412 if it was changed since; without it, it is changed anyway",
    "schema": {"type": "string"},
}


def problems(blueprint: Blueprint, *statuses: int) -> Callable[[F], F]:
    """Describe these statuses, and those of every operation, as problem details (RFC 9457)."""

    def describe(view: F) -> F:
        for status in sorted({*ALWAYS, *statuses}, reverse=True):
            view = blueprint.alt_response(
                status, schema=ProblemSchema, content_type=MEDIA_TYPE, description=HTTPStatus(status).phrase
            )(view)
        return view

    return describe
