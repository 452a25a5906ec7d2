"""Who may: tokens, users whom a proxy names, sessions of the console; and what is refused to anybody.

| file | holds |
|---|---|
| `wiring.py` | what the others share, one for each application |
| `authentication.py` | who asks, before any view runs; hosts, lengths and forged requests that are refused |
| `tokens.py` | tokens, kept as hashes |
| `store.py` | the file in which they are kept |
| `sessions.py`, `login.py`, `redirects.py` | sessions of the console |
| `one_time.py` | the link that opens the console before a token was made |
| `forwarded.py` | what a reverse proxy says |
| `hosts.py`, `listening.py` | names and address of the server |
| `throttle.py` | how often somebody may ask, and guess |
| `response_headers.py` | what each answer forbids the browser |
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask

if TYPE_CHECKING:
    from pulp_events_web.access.one_time import OneTimeLink


def register(app: Flask, folder: Path, settings: Mapping[str, Any], link: OneTimeLink | None = None) -> None:
    """Decide who asks before each request. `folder`: where tokens are kept. Raises StoreError."""
    from flask_wtf.csrf import CSRFProtect

    from pulp_events_web.access import authentication, forwarded, login, response_headers, sessions, wiring

    made = wiring.attach(app, folder, settings, link)
    app.session_interface = sessions.CookieInterface()
    app.config.update(
        SECRET_KEY=made.sessions.key(),
        SESSION_COOKIE_NAME=sessions.COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=settings["session"],
        WTF_CSRF_CHECK_DEFAULT=False,  # `authentication` knows who must carry a token
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # asks for a Referer, which we tell browsers not to send
    )
    response_headers.register(app)
    authentication.register(app, CSRFProtect(app))
    app.register_blueprint(login.blueprint)
    app.wsgi_app = forwarded.Forwarded(  # type: ignore[method-assign]
        app.wsgi_app, settings["trusted_proxies"], settings["user_header"]
    )
