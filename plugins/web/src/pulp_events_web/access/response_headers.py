"""What each answer tells the browser: no scripts but ours, no frames, no guessing of types, no referrer, no copies."""

from __future__ import annotations

from flask import Flask, Response, request

_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
BARE = {**ALWAYS, "Content-Security-Policy": _NOTHING, "Cache-Control": "no-store"}
"""Those of an answer that is no page."""


def register(app: Flask) -> None:
    """Add them to each answer, errors too."""
    app.after_request(_add)


def _add(answer: Response) -> Response:
    for name, value in ALWAYS.items():
        answer.headers[name] = value
    answer.headers["Content-Security-Policy"] = _PAGES if answer.mimetype == "text/html" else _NOTHING
    if request.endpoint is None or not request.endpoint.endswith("static"):
        answer.headers["Cache-Control"] = "no-store"
    return answer
