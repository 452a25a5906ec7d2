"""Errors in Pulp 2's JSON: `http_status`, `error_message` and the others at the top, `error` with its code below.

Its Python bindings take what they know from the top and keep the rest, such as `property_names`, for the user.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from pulp_events import errors
from pulp_events_web import problems
from pulp_events_web.acting import Forbidden

MEDIA_TYPE = "application/json; charset=utf-8"

GENERAL = "PLP0001"
MISSING_RESOURCE = "PLP0009"
INVALID_VALUE = "PLP0015"
MISSING_VALUE = "PLP0016"
NOT_AUTHENTICATED = "PLP0025"
PERMISSION_DENIED = "PLP0026"
VALIDATION = "PLP1000"


class Refused(errors.EventsError):
    """A request that Pulp 2 answered with 400. `names`: the properties it is about; `code`: Pulp 2's of the error."""

    def __init__(self, message: str, names: Sequence[str] = (), code: str = INVALID_VALUE) -> None:
        super().__init__(message)
        self.names = list(names)
        self.code = code


def answer_to(error: errors.EventsError | HTTPException) -> Response:
    """The answer that says what was refused."""
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, Refused):
        return _invalid(error)
    status = problems.status_of(error)
    if isinstance(error, errors.ListenerNotFound):
        listener_id = (request.view_args or {}).get("listener_id", "")
        return _missing(listener_id)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        return failure(status, problems.unavailable(error))
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        return _invalid(error)
    code = PERMISSION_DENIED if isinstance(error, Forbidden | errors.NotAllowed) else GENERAL
    return failure(status, problems.text_of(error), code)


def failure(
    status: int,
    message: str,
    code: str = GENERAL,
    data: Mapping[str, Any] | None = None,
    beside: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`data`: of `error`; `beside`: what Pulp 2 repeated of it at the top."""
    body = {
        "_href": request.script_root + request.path,
        "http_status": int(status),
        "http_request_method": request.method,
        "error_message": message,
        "exception": None,
        "traceback": None,
        **(beside or {}),
        "error": {"code": code, "description": message, "data": dict(data or {}), "sub_errors": []},
    }
    return Response(json.dumps(body), int(status), headers, content_type=MEDIA_TYPE)


def _missing(listener_id: str) -> Response:
    found = {"resources": {"event_listener": listener_id}}
    message = f"Missing resource(s): event_listener={listener_id}"
    return failure(HTTPStatus.NOT_FOUND, message, MISSING_RESOURCE, found, found)


def _invalid(error: errors.EventsError) -> Response:
    code = INVALID_VALUE
    if isinstance(error, Refused):
        names, code = error.names, error.code
    elif isinstance(error, errors.UnknownNotifierType):
        names = ["notifier_type_id"]
    elif isinstance(error, errors.UnknownEventType):
        names = ["event_types"]
    else:
        names = ["notifier_config"]
    if code == VALIDATION:
        return failure(HTTPStatus.BAD_REQUEST, str(error), code)
    beside = "missing_property_names" if code == MISSING_VALUE else "property_names"
    data = {"property_names": names, "properties": str(names)}
    return failure(HTTPStatus.BAD_REQUEST, str(error), code, data, {beside: names})


def _of_http(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    codes = {HTTPStatus.UNAUTHORIZED: NOT_AUTHENTICATED, HTTPStatus.FORBIDDEN: PERMISSION_DENIED}
    headers = {
        key: value for key, value in error.get_headers() if key.lower() not in ("content-type", "content-length")
    }
    return failure(status, error.description or "", codes.get(HTTPStatus(status), GENERAL), headers=headers)
