"""What becomes of a form whose session ended meanwhile: what was typed is carried over the login and shown again.

Nothing is stored on the way. What a page elsewhere sends is not carried: it is not what this person typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import render_template, request
from werkzeug.exceptions import HTTPException

from pulp_events_web.access import login
from pulp_events_web.console.forms.carried import kept, typed_of

_CARRIED = ("console.listener_new", "console.listener_edit")
_OUT = "You are logged out: nothing was done, and nothing stored."
_KEPT = "What you typed is kept, but for secrets: log in here to go on with it."


def of_nobody(error: HTTPException) -> Any:
    """Who is not logged in logs in on the page that says so."""
    typed = _typed()
    return login.form(_page_of(), f"{_OUT} {_KEPT}" if typed else _OUT, 401, json.dumps(typed) if typed else "")


def of_forged(error: HTTPException) -> Any:
    """A form of an earlier session, such as one that ended: who logged in again goes on from here."""
    found = render_template("console/resume.html", began=False, to=request.script_root + _page_of(), typed=_typed())
    return found, 400


def _typed() -> Mapping[str, str]:
    return kept(typed_of(request.form)) if request.endpoint in _CARRIED and _ours() else {}


def _ours() -> bool:
    """Whether the browser says that one of our pages sent it; over plain HTTP it may say nothing."""
    origin = request.headers.get("Origin", "null")  # `null`: our pages name no referrer
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    return site in ("same-origin", "none") and origin in ("null", request.host_url.rstrip("/"))


def _page_of() -> str:
    """The page on which the form stood: a button's own address answers no GET."""
    adapter = request.url_rule
    if adapter is not None and "GET" in (adapter.methods or ()):
        return request.path
    return request.path.rpartition("/")[0]
