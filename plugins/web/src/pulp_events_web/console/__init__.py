"""The console: pages rendered by the server (Jinja2), under `/console/`.

| file | holds |
|---|---|
| `pages/` | a module for each kind of page |
| `forms/` | a listener as a form: fields of a notifier's schema, attributes, what was typed |
| `filters.py` | how times, durations and numbers are written |
| `errors.py` | what is answered where something is refused |
| `chart.py` | the chart of the last day |
| `templates/`, `static/` | what the browser gets |
"""

from flask import Blueprint, Flask, Response

from pulp_events_web.console import errors, filters
from pulp_events_web.console.pages import MODULES

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of each page: nothing inline, nothing of another host."""


def register(app: Flask) -> None:
    """Add its pages."""
    # Flask-WTF gives each form its token where `access` registered it; without it there are forms all the same.
    app.jinja_env.globals.setdefault("csrf_token", lambda: "")
    blueprint = Blueprint(
        "console", __name__, url_prefix="/console", template_folder="templates", static_folder="static"
    )
    filters.register(blueprint)
    errors.register(blueprint)
    for module in MODULES:
        module.add(blueprint)
    errors.catch_all(blueprint)
    blueprint.after_request(_headers)
    app.register_blueprint(blueprint)


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    return response
