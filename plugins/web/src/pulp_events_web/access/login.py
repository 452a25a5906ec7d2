"""`/login` and `/logout`: a session of the console for a token, or for the one-time link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import HTTPException

from pulp_events_web.access import redirects
from pulp_events_web.access.authentication import Unauthorized, by_token
from pulp_events_web.access.wiring import access

blueprint = Blueprint("access", __name__, template_folder="templates")

_USED = "This link was used before, or the server that printed it has ended. Start the server again, or make a token."


@blueprint.get("/")
def root() -> Any:
    """The console is what a browser looks for."""
    return redirect(redirects.after_login(request, ""), 303)


@blueprint.get("/login")
def login_page() -> Any:
    """The form; or what the one-time link leads to."""
    secret, link = request.args.get("token"), access().link
    wanted = request.args.get("next", "")
    if secret is None or request.method != "GET":
        return _form(wanted)
    if link is None or not link.use(secret):
        return _form(wanted, _USED, 403)
    access().sessions.begin()
    return redirect(redirects.after_login(request, wanted), 303)


@blueprint.post("/login", endpoint="login")
def log_in() -> Any:
    """With the token of the form."""
    wanted = request.form.get("next", "")
    try:
        token = by_token(request.form.get("token", "").strip())
    except Unauthorized as error:
        return _form(wanted, error.description, 403)
    except HTTPException as error:
        answer = _form(wanted, error.description, error.code or 429)
        answer[2].extend(pair for pair in error.get_headers() if pair[0] == "Retry-After")
        return answer
    access().sessions.begin(token)
    return redirect(redirects.after_login(request, wanted), 303)


@blueprint.post("/logout", endpoint="logout")
def log_out() -> Any:
    """The session is over, for each copy of its cookie."""
    access().sessions.end()
    return redirect(f"{request.script_root}/login", 303)


def _form(wanted: str, problem: str | None = None, status: int = 200) -> tuple[str, int, list[tuple[str, str]]]:
    page = render_template("access_login.html", problem=problem, next=wanted)
    return page, status, []
