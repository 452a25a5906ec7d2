"""What the OpenAPI document says of errors: problem details, the statuses that each operation may have."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from flask_smorest import Blueprint

from pulp_events_web import problems

F = TypeVar("F", bound=Callable[..., Any])

WHEN = {
    400: "the request is not HTTP or JSON as it should be",
    401: "nobody known asks",
    403: "the role does not allow it",
    404: "there is no such thing",
    409: "it does not go with what is there",
    413: "the body is larger than [web] max_body",
    415: "the body is not JSON",
    422: "a value is not valid; `errors` says which",
    429: "too many requests; Retry-After says when to come again",
    503: "the store cannot be used now, or too many streams are open",
    507: "the store is full",
}


def may_answer(blueprint: Blueprint, *statuses: int) -> Callable[[F], F]:
    """Describe that the operation may answer with these, as problem details."""

    def describe(view: F) -> F:
        for status in statuses:
            view = blueprint.alt_response(
                status,
                schema=problems.ProblemSchema,
                content_type=problems.MEDIA_TYPE,
                description=WHEN.get(status, HTTPStatus(status).phrase),
            )(view)
        return view

    return describe
