"""What a reverse proxy says of a request (X-Forwarded-*, the user's header): heard from trusted proxies only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

from pulp_events.errors import InvalidConfig
from pulp_events_web.principal import Principal, Role

UNIX = "unix"
"""In `trusted_proxies`: whoever may open the socket of `listen = unix:PATH`."""
USER = "pulp_events_web.user"
"""In the WSGI environment: the user whom a trusted proxy names."""
_FORWARDED = ("FOR", "PROTO", "HOST", "PORT", "PREFIX", "BY", "SERVER")


def trusts(proxies: Sequence[str], address: str) -> bool:
    """Whether a peer's address is that of a trusted proxy."""
    if address in ("localhost", ""):  # as waitress calls the peer of a Unix socket
        return UNIX in proxies
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ip_network(each, strict=False) for each in proxies if each != UNIX)


class Forwarded:
    """WSGI middleware: from trusted proxies the headers count, from others they are removed."""

    def __init__(self, application: Any, proxies: Sequence[str], user_header: str) -> None:
        self._plain = application
        self._proxied = ProxyFix(application, x_for=1, x_proto=1, x_host=1)
        self._proxies = proxies
        self._user_key = "HTTP_" + user_header.upper().replace("-", "_") if user_header else ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ.pop(USER, None)
        named = environ.pop(self._user_key, "") if self._user_key else ""
        if trusts(self._proxies, environ.get("REMOTE_ADDR", "")):
            if named:
                environ[USER] = _text(named)
            answer: Iterable[bytes] = self._proxied(environ, start_response)
            return answer
        for each in _FORWARDED:
            environ.pop(f"HTTP_X_FORWARDED_{each}", None)
        environ.pop("HTTP_FORWARDED", None)
        plain: Iterable[bytes] = self._plain(environ, start_response)
        return plain


def _text(named: str) -> str:
    """A header's octets as UTF-8, which proxies send; WSGI has them as Latin-1 (PEP 3333). Else as it is."""
    try:
        return named.encode("latin-1").decode()
    except UnicodeError:
        return named


def user_of(named: str, role: Role) -> Principal | None:
    """The principal whom a proxy named; None if the name cannot be one.

    ", " is where two headers of that name were joined (RFC 9110 §5.3): one of them may be the client's own.
    """
    if ", " in named:
        return None
    found = Principal(named.strip(), role)
    try:
        found.author  # noqa: B018  # knows what a name is
    except InvalidConfig:
        return None
    return found
