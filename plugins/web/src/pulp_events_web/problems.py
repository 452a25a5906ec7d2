"""Errors as RFC 9457 problem details: `application/problem+json`, with `errors` by field where a body was refused."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Literal, get_args

from flask import Flask, Response, current_app, request
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from pulp_events import errors
from pulp_events_web.acting import Forbidden

_logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_ANSWERS = "pulp_events_web.answers"

Where = Literal["json", "query", "headers"]
"""What of a request: as webargs calls its locations."""


class Faults(list[dict[str, str]]):
    """Faults, as a problem lists them."""


Answer = Callable[[errors.EventsError | HTTPException], Response]
"""Says an error in another form than a problem."""


class FaultSchema(Schema):
    """One fault of a request."""

    pointer = fields.String(metadata={"description": "JSON Pointer (RFC 6901) into the body; empty: the whole of it"})
    parameter = fields.String(metadata={"description": "name of the query parameter, if it is about one"})
    header = fields.String(metadata={"description": "name of the header, if it is about one"})
    detail = fields.String(required=True)


class ProblemSchema(Schema):
    """RFC 9457."""

    type = fields.String(required=True, metadata={"description": "about:blank: the status says all"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String()
    errors = fields.List(fields.Nested(FaultSchema))


STATUS: tuple[tuple[type[errors.EventsError], HTTPStatus], ...] = (
    (Forbidden, HTTPStatus.FORBIDDEN),
    (errors.InvalidConfig, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.UnknownNotifierType, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.UnknownEventType, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.InvalidEvent, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.EventConflict, HTTPStatus.CONFLICT),
    (errors.NameTaken, HTTPStatus.CONFLICT),
    (errors.QuotaExceeded, HTTPStatus.CONFLICT),
    (errors.NotAllowed, HTTPStatus.FORBIDDEN),
    (errors.ListenerNotFound, HTTPStatus.NOT_FOUND),
    (errors.DeliveryNotFound, HTTPStatus.NOT_FOUND),
    (errors.EventNotFound, HTTPStatus.NOT_FOUND),
    (errors.StoreFull, HTTPStatus.INSUFFICIENT_STORAGE),
    (errors.DiskFull, HTTPStatus.INSUFFICIENT_STORAGE),
)
"""The first that fits; an EventsError itself is an argument that nothing can fit (422), any other kind is 503."""

HERE: tuple[tuple[type[errors.EventsError], str], ...] = (
    (errors.ListenerNotFound, "GET /api/v1/listeners has all that there are"),
    (errors.DeliveryNotFound, "GET /api/v1/deliveries has all that there are"),
    (errors.EventNotFound, "GET /api/v1/events has all that there are"),
    (errors.StoreFull, "GET /api/v1/stats says whose deliveries wait; an administrator of the machine makes room"),
    (errors.DiskFull, "an administrator of the machine makes room"),
)
"""What is to be done about it by who has the API, and no shell; in place of the commands and paths that core names."""
WHOLE = (errors.NotAllowed, errors.InvalidConfig, errors.InvalidEvent)
"""What is said of a body without a field: then it is about the whole of it."""
FIELD = {errors.UnknownNotifierType: "notifier_type_id", errors.UnknownEventType: "event_types"}


def status_of(error: errors.EventsError) -> HTTPStatus:
    """The status that says what the bus refused."""
    for kind, status in STATUS:
        if isinstance(error, kind):
            return status
    return HTTPStatus.UNPROCESSABLE_ENTITY if type(error) is errors.EventsError else HTTPStatus.SERVICE_UNAVAILABLE


def text_of(error: errors.EventsError) -> str:
    """Its text; where only who has a shell could do what it says, what can be done here."""
    remedy = next((text for kind, text in HERE if isinstance(error, kind)), None)
    if remedy is None:
        return str(error)
    if isinstance(error, errors.DiskFull):
        _logger.error("%s", error)  # it names files
        return f"the disk of the store is full; nothing was stored; {remedy}"
    return "; ".join([*(each for each in str(error).split("; ") if "pulp-admin" not in each), remedy])


def pointer_of(path: str) -> str:
    """A path as core writes it, `payload.lines[0].count`, as JSON Pointer: `/payload/lines/0/count`."""
    return "".join("/" + each.replace("~", "~0").replace("/", "~1") for each in re.findall(r"[^.\[\]]+", path))


def faults(found: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """Messages by field, as marshmallow nests them, as a flat list."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            step = "" if key == "_schema" else "/" + str(key).replace("~", "~0").replace("/", "~1")
            yield from faults(value, pointer + step)
    elif isinstance(found, tuple):
        yield {"pointer": found[0], "detail": found[1]}
    elif isinstance(found, list):
        for each in found:
            yield from faults(each, pointer)
    else:
        yield {"pointer": pointer, "detail": str(found)}


def faults_of(where: Where, found: Any) -> Iterator[dict[str, str]]:
    """The same of one part of the request: of a query and of headers each fault is about a name."""
    for each in faults(found):
        each["detail"] = here(each["detail"])
        if where == "json":
            yield each
        else:
            name = each["pointer"][1:].partition("/")[0].replace("~1", "/").replace("~0", "~")
            yield {"parameter" if where == "query" else "header": name, "detail": each["detail"]}


def here(text: str) -> str:
    """A text without what only a shell has, options of commands; paths begin where the application is mounted."""
    kept = "; ".join(each for each in text.split("; ") if "`--" not in each) or text
    return kept.replace("GET /api/", f"GET {request.script_root}/api/")


def problem(status: HTTPStatus | int, detail: str = "", found: Any = None, **headers: str) -> Response:
    """An answer that is an error. `found`: messages by field of the body; or Faults, of any part of the request."""
    status = HTTPStatus(status)
    body: dict[str, Any] = {"type": "about:blank", "title": status.phrase, "status": int(status)}
    if detail:
        body["detail"] = here(detail)
    if listed := found if isinstance(found, Faults) else list(faults_of("json", found or {})):
        body["errors"] = listed
    return Response(json.dumps(body), status, headers, content_type=MEDIA_TYPE)


def unavailable(error: errors.EventsError) -> str:
    """Log why, and return what is said of it: the log is for administrators of the machine."""
    _logger.error("%s: %s", type(error).__name__, error)
    return "The store of events cannot be used now; the server's log says why. Try again later."


def answered_by(app: Flask, prefix: str, answer: Answer) -> None:
    """Let `answer` say each error of paths at and under `prefix`, those that no route has included."""
    app.extensions.setdefault(_ANSWERS, []).append((prefix, answer))


def _elsewhere() -> Answer | None:
    for prefix, answer in current_app.extensions.get(_ANSWERS, ()):
        if request.path == prefix or request.path.startswith(prefix + "/"):
            return answer  # type: ignore[no-any-return]
    return None


def answer_to(error: errors.EventsError) -> Response:
    """The answer that says what the bus refused."""
    if answer := _elsewhere():
        return answer(error)
    status = status_of(error)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        return problem(status, unavailable(error))
    found: Any = None
    if isinstance(error, errors.InvalidConfig) and error.errors:
        found = {"notifier_config": error.errors}
    for kind, field in FIELD.items():
        if isinstance(error, kind):
            found = {field: [text_of(error)]}
    if isinstance(error, errors.PayloadRefused):
        found = [(pointer_of(path), text) for path, text in error.faults]
    if found is None and isinstance(error, WHOLE) and request.is_json and request.get_data():
        found = {"_schema": [text_of(error)]}
    return problem(status, text_of(error), found)


def register(app: Flask) -> None:
    """Answer errors of the bus and of HTTP this way in the API; the console shows pages of its own (`console`)."""
    app.register_error_handler(errors.EventsError, answer_to)
    app.register_error_handler(HTTPException, of_http)


def of_http(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    if answer := _elsewhere():
        return answer(error)
    data = getattr(error, "data", None) or {}  # flask-smorest and webargs put their messages there
    messages = data.get("messages") or data.get("errors") or {}
    if isinstance(messages, Mapping) and messages and messages.keys() <= {*get_args(Where)}:
        messages = Faults(each for where, inner in messages.items() for each in faults_of(where, inner))
    headers = {
        key: value for key, value in error.get_headers() if key.lower() not in ("content-type", "content-length")
    }
    detail = data.get("message") or error.description or ""
    return problem(error.code or 500, detail, messages, **headers)
