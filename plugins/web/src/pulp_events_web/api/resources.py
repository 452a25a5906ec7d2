"""`Resources`: a blueprint of the API that describes what each operation may answer beside what it is for.

What any request may meet (nobody known asks, too large a body, …) is worked out here; a view names its role, and what
it alone may answer. There is no `default` answer in the document: what is not described is a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from flask import current_app, request
from flask_smorest import Blueprint
from marshmallow import RAISE, fields
from webargs.flaskparser import FlaskParser

from pulp_events_web.api.refusing import Refused
from pulp_events_web.context import acting
from pulp_events_web.principal import Role

PREFIX = "/api/v1"
F = TypeVar("F", bound=Callable[..., Any])

WHEN = {
    400: "The request is not HTTP or JSON as it should be",
    401: "Nobody known asks",
    403: "The role does not allow it, or only who is trusted may",
    404: "There is no such thing",
    409: "It does not go with what is there",
    412: "It is not as If-Match says: somebody changed it since",
    413: "The body is larger than [web] max_body",
    415: "The body is not JSON",
    421: "The server is not called by this name; see [web] hosts",
    422: "A value is not valid; `errors` says which",
    429: "Too many requests; Retry-After says when to come again",
    500: "A fault of the server; its log says more",
    503: "The store cannot be used now, or too many streams are open; come again later",
    507: "The store is full, and nothing was stored",
}
"""Each status that is described as a problem (RFC 9457)."""
ALWAYS = (400, 413, 415, 421, 422, 429, 500)
"""Of every operation: also one without a body may be sent one."""
CHANGING = (403, 507)
"""Of each that a viewer may not ask for, as it stores something."""
KNOWN = (401, 503)
"""Of each that asks who it is, and then the store."""


class _Parser(FlaskParser):
    """A parameter that there is not is refused: misspelt, a filter would let everything through."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}


class Resources(Blueprint):  # type: ignore[misc]  # flask-smorest is not typed
    """Some resources, under `/api/v1`."""

    ARGUMENTS_PARSER = _Parser()

    def __init__(self, name: str, module: str, description: str) -> None:
        super().__init__(name, module, url_prefix=PREFIX, description=description)
        self._prepare_doc_cbks.append(_describe)
        self.before_request(_refuse)

    def who(self, role: Role | None, *statuses: int) -> Callable[[F], F]:
        """Ask for this role (None: anybody may) before the request is looked at, and describe that.

        `statuses`: those that it may answer beside the usual.
        """

        def describe(view: F) -> F:
            found: Any = view
            found._apidoc = {**getattr(view, "_apidoc", {}), "who": (role, statuses)}
            return view

        return describe

    # The same as flask-smorest's, with types.

    def arguments(self, schema: Any, **options: Any) -> Callable[[F], F]:
        found: Callable[[F], F] = super().arguments(schema, **options)
        return found

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[F], F]:
        found: Callable[[F], F] = super().response(status_code, schema, **options)
        return found

    def alt_response(self, status_code: int, response: Any = None, **options: Any) -> Callable[[F], F]:
        found: Callable[[F], F] = super().alt_response(status_code, response, **options)
        return found

    @staticmethod
    def doc(**described: Any) -> Callable[[F], F]:
        found: Callable[[F], F] = Blueprint.doc(**described)
        return found


def _refuse() -> None:
    """Who may not ask learns nothing from what is wrong with a request, such as which event types there are; so that is
    decided first. Then, what the view would pass over: a parameter or a body that it does not take, or one twice."""
    views = getattr(current_app.view_functions[request.endpoint or ""], "view_class", None)
    view = getattr(views, "get" if request.method == "HEAD" else request.method.lower(), None)
    if view is None:
        return
    if (role := view._apidoc["who"][0]) is not None:
        acting().require(role)
    takes = {each["in"]: each["schema"] for each in view._apidoc.get("arguments", {}).get("parameters", ())}
    _refuse_parameters(takes.get("query"))
    if "json" not in takes and request.get_data().strip() not in (b"", b"{}"):
        text = "Nothing is read from a body here; leave it out."
        raise Refused(422, text, {"_schema": [text]}, where="json")


def _refuse_parameters(taken: Any) -> None:
    """What is not known is refused where the others are looked at; see `_Parser`."""
    known = {} if taken is None else taken().fields
    wrong = {
        name: "It is given more than once." if name in known else "Unknown field."
        for name, values in request.args.lists()
        if (len(values) > 1 and not isinstance(known.get(name), fields.List)) or not known
    }
    if wrong:
        raise Refused(422, "; ".join(f"{name}: {text}" for name, text in wrong.items()), wrong, where="query")


def _describe(doc: dict[str, Any], info: dict[str, Any], **_: Any) -> dict[str, Any]:
    role, more = info["who"]
    statuses = {*ALWAYS, *more}
    text = info["docstring"].get("description", "")
    info["docstring"]["description"] = f"{text}\n\nRole: {role or 'none is needed'}.".strip()
    if role is not None:
        statuses |= {*KNOWN}
        if role > Role.VIEWER:
            statuses |= {*CHANGING}
    responses = {int(status): found for status, found in doc.get("responses", {}).items()}
    for status in statuses:
        if not 200 <= status < 300 and not isinstance(responses.get(status), dict):
            responses[status] = HTTPStatus(status).name
    return {**doc, "responses": dict(sorted(responses.items()))}
