"""Who asks: a token (`Authorization: Bearer`, or the password of basic authentication), a proxy's user, a session."""

from __future__ import annotations

import logging
import math
from typing import Any

from flask import Flask, Response, g, redirect, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException, MisdirectedRequest, RequestEntityTooLarge, TooManyRequests
from werkzeug.exceptions import Unauthorized as _Unauthorized

from pulp_events_web import problems
from pulp_events_web.access import forwarded, redirects
from pulp_events_web.access.tokens import Token
from pulp_events_web.access.wiring import Access, access
from pulp_events_web.principal import Role

_logger = logging.getLogger(__name__)

_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_FORMS = ("access.login", "access.logout")
_PULP2 = "/pulp/api/v2/"


class Unauthorized(_Unauthorized):
    """RFC 9110 §15.5.2: nobody known asks."""

    description = (
        "Give a token: Authorization: Bearer TOKEN. An administrator makes one: pulp-admin event web token create"
    )

    def __init__(self, description: str | None = None) -> None:
        # Only Pulp 2's routes ask for a password: a browser that was asked for one sends it with each request.
        scheme = "basic" if request.path.startswith(_PULP2) else "bearer"
        if description is None and scheme == "basic":
            description = (
                "Give a token as password, with any user name, or as Authorization: Bearer TOKEN. An administrator "
                "makes one: pulp-admin event web token create"
            )
        super().__init__(description, www_authenticate=WWWAuthenticate(scheme, {"realm": "pulp-events"}))


def register(app: Flask, csrf: CSRFProtect) -> None:
    """Decide it before each request; views that need somebody ask `context.principal()`."""
    app.before_request(_refuse_host)
    app.before_request(_refuse_length)
    app.before_request(_identify)
    app.before_request(lambda: _refuse_forged(csrf))
    app.register_error_handler(Unauthorized, _ask)


def _refuse_host() -> None:
    g.principal = None
    if "Host" not in request.headers and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return  # as health checks of load balancers ask; no browser does, so no page elsewhere leads here that way
    if not access().hosts.allows(request.headers.get("Host", "")):
        raise MisdirectedRequest("This server has another name; an administrator lists its names in [web] hosts")


def _refuse_length() -> None:
    # A view that does not read its body would not notice.
    most = access().max_body
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge(f"At most {most} octets are read")


def _identify() -> None:
    here = access()
    g.ambient, g.holds = False, lambda: True
    key = f"address {request.remote_addr}"
    try:
        key = _named(here) or key
    finally:
        wait = here.throttle.request(key)  # counted in each case, also where a wrong token was given
    if wait:
        raise _too_many("Too many requests", wait)


def _named(here: Access) -> str | None:
    """Set the principal; returns under which name their requests are counted."""
    given, named = request.authorization, request.environ.get(forwarded.USER)
    if given is not None and given.type == "bearer":
        return _accept(by_token(given.token or ""))
    if named:
        g.ambient = True
        g.principal = forwarded.user_of(named, Role.of(here.proxy_role))
        if g.principal is None:
            raise Unauthorized("The proxy in front named a user whose name cannot be one")
        return f"user {g.principal.name}"
    if given is not None and given.type == "basic":
        g.ambient = True
        return _accept(by_token(given.password or ""))
    if "Authorization" in request.headers:
        raise Unauthorized
    found = here.sessions.who()
    if found is None:
        return None
    (key, g.principal), g.holds = found, here.sessions.holding()
    return key


def _accept(token: Token) -> str:
    tokens = access().tokens
    g.principal, g.holds = token.principal, lambda: tokens.by_id(token.id) is not None
    return f"token {token.id}"


def by_token(secret: str) -> Token:
    """The token that this is. Raises Unauthorized, or TooManyRequests where the address has guessed too often."""
    here, address = access(), request.remote_addr or ""
    if wait := here.throttle.barred(address):
        raise _too_many("Too many wrong tokens", wait)
    found = here.tokens.find(secret)
    if found is None:
        here.throttle.guess(address)
        _logger.warning("a token that is not valid was given from %s", address)
        raise Unauthorized("This token is not valid: it was never made, has expired, or was revoked")
    return found


def _too_many(what: str, wait: float) -> TooManyRequests:
    seconds = math.ceil(wait)
    return TooManyRequests(f"{what}; try again in {seconds} s", retry_after=seconds)


def _refuse_forged(csrf: CSRFProtect) -> None:
    """What a browser adds by itself (cookie, password, certificate) does not prove that its user wanted a change."""
    if request.method in _SAFE:
        return
    browser = bool({"Sec-Fetch-Site", "Origin", "Cookie"} & {*request.headers.keys()})
    session = g.principal is not None and g.principal.session
    if session or request.endpoint in _FORMS or (g.ambient and browser):
        csrf.protect()


def _ask(error: HTTPException) -> Any:
    """A page leads to the login page, and back afterwards."""
    if request.path.startswith(redirects.CONSOLE) and request.method in ("GET", "HEAD"):
        return redirect(redirects.login(request), 303)
    answer: Response = problems.of_http(error)
    return answer
