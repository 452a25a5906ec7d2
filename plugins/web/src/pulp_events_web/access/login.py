"""`/login` and `/logout`: a session of the console for a token, or for the one-time link."""

from __future__ import annotations

import json
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
        return form(wanted)
    if link is None or not link.use(secret):
        return form(wanted, _USED, 403)
    access().sessions.begin()
    return redirect(redirects.after_login(request, wanted), 303)


@blueprint.post("/login", endpoint="login")
def log_in() -> Any:
    """With the token of the form."""
    wanted, kept = request.form.get("next", ""), request.form.get("kept", "")
    try:
        token = by_token(request.form.get("token", "").strip())
    except Unauthorized as error:
        return form(wanted, error.description, 403, kept)
    except HTTPException as error:
        answer = form(wanted, error.description, error.code or 429, kept)
        answer[2].extend(pair for pair in error.get_headers() if pair[0] == "Retry-After")
        return answer
    access().sessions.begin(token)
    to = redirects.after_login(request, wanted)
    if typed := _typed(kept):
        return render_template("console/resume.html", began=True, to=to, typed=typed)
    return redirect(to, 303)


@blueprint.post("/logout", endpoint="logout")
def log_out() -> Any:
    """The session is over, for each copy of its cookie."""
    access().sessions.end()
    return redirect(f"{request.script_root}/login", 303)


def form(
    wanted: str, problem: str | None = None, status: int = 200, kept: str = ""
) -> tuple[str, int, list[tuple[str, str]]]:
    """The login page. `wanted`: where it leads; `kept`: JSON of the form of that page that is to be gone on with."""
    page = render_template("access_login.html", problem=problem, next=wanted, kept=kept)
    return page, status, []


def _typed(kept: str) -> dict[str, str]:
    try:
        found = json.loads(kept or "{}")
    except (ValueError, RecursionError):
        return {}
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}
