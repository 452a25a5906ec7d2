"""Pages that say why something was refused."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from pulp_events.errors import EventsError
from pulp_events_web import problems
from pulp_events_web.access import redirects
from pulp_events_web.console import lost
from pulp_events_web.console.filters import without_commands

_logger = logging.getLogger(__name__)

_LISTS = ("listeners", "deliveries", "events", "event_types")
_UNAVAILABLE = "The store of events cannot be used now; the server's log says why. Try again later."


def register(blueprint: Blueprint) -> None:
    """Errors of the bus and of HTTP become pages."""
    blueprint.register_error_handler(EventsError, of_bus)
    blueprint.register_error_handler(HTTPException, of_http)
    blueprint.register_error_handler(401, of_nobody)
    blueprint.register_error_handler(CSRFError, lost.of_forged)


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
    return page(status.phrase, said(error), int(status))


def said(error: EventsError) -> str:
    """What a page says of it; what only administrators should read is in the log."""
    if problems.status_of(error) == 503:
        _logger.error("%s: %s", type(error).__name__, error)
        return _UNAVAILABLE
    return without_commands(str(error))


def of_http(error: HTTPException) -> Any:
    """The page for an error of HTTP."""
    if error.response is not None:
        return error.response
    headers = {key: value for key, value in error.get_headers() if key.lower() in ("www-authenticate", "retry-after")}
    return (*page(error.name, error.description or "", error.code or 500), headers)


def of_nobody(error: HTTPException) -> Any:
    """Who is not logged in is led to the login page and back, with what was typed."""
    if request.method in ("GET", "HEAD"):
        return redirect(redirects.login(request), 303)
    return lost.of_nobody(error)


def page(title: str, detail: str, status: int) -> tuple[str, int]:
    """An error page, with a way to the list that the address belongs to."""
    lists = {name: url_for(f"console.{name}") for name in _LISTS}
    near = next(
        (name for name, path in lists.items() if f"{request.script_root}{request.path}".startswith(f"{path}/")), ""
    )
    return render_template("console/error.html", heading=title, detail=detail, status=status, near=near), status
