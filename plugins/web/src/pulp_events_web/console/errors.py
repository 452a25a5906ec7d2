"""Pages that say why something was refused."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from pulp_events.errors import EventsError
from pulp_events_web import problems
from pulp_events_web.access import redirects
from pulp_events_web.console.filters import without_commands

_logger = logging.getLogger(__name__)

_UNAVAILABLE = "The store of events cannot be used now; the server's log says why. Try again later."


def register(blueprint: Blueprint) -> None:
    """Errors of the bus and of HTTP become pages."""
    blueprint.register_error_handler(EventsError, of_bus)
    blueprint.register_error_handler(HTTPException, of_http)
    blueprint.register_error_handler(401, of_nobody)


def catch_all(blueprint: Blueprint) -> None:
    """What no page has is told by a page of the console, not by a problem document of the API."""
    blueprint.add_url_rule("/<path:rest>", "nothing", _nothing)


def _nothing(rest: str) -> Any:
    """A page's address with a slash at its end, as browsers complete it, leads to the page."""
    if request.method not in ("GET", "HEAD") or not rest.endswith("/") or not rest.strip("/"):
        abort(404, "There is no such page.")
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return redirect(url_for("console.overview") + quote(rest.strip("/")) + query, 308)


def of_bus(error: EventsError) -> tuple[str, int]:
    """The page for what the bus, or a role, refused."""
    status = problems.status_of(error)
    detail = without_commands(str(error))
    if status == 503:
        _logger.error("%s: %s", type(error).__name__, error)
        detail = _UNAVAILABLE
    return page(status.phrase, detail, int(status))


def of_http(error: HTTPException) -> Any:
    """The page for an error of HTTP."""
    if error.response is not None:
        return error.response
    headers = {key: value for key, value in error.get_headers() if key.lower() in ("www-authenticate", "retry-after")}
    return (*page(error.name, error.description or "", error.code or 500), headers)


def of_nobody(error: HTTPException) -> Any:
    """Who is not logged in is led to the login page and back; what a form had in it cannot be carried along."""
    if request.method in ("GET", "HEAD"):
        return redirect(redirects.login(request), 303)
    detail = (
        "You are logged out, and nothing was stored. Log in, in another tab to keep what you typed; then send it again."
    )
    return page("You are logged out", detail, 401)


def page(title: str, detail: str, status: int) -> tuple[str, int]:
    """An error page."""
    return render_template("console/error.html", heading=title, detail=detail, status=status), status
