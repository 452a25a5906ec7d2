"""Making a connection: name look-up, proxy, TLS; under one time limit, and only to addresses that are allowed."""

from __future__ import annotations

import errno
import math
import ssl
import time
from typing import Any

from pulp_events.deadline import open_tcp
from pulp_events.networks import ForbiddenAddress
from pulp_events_http.connections.connection import Connection
from pulp_events_http.connections.failures import NotHttp, ProxyFailed
from pulp_events_http.connections.request_head import request_head
from pulp_events_http.connections.route import Route
from pulp_events_http.connections.tls import Trust
from pulp_events_http.limits import TimeLimits
from pulp_events_http.proxies import Proxy

PROXY_LOOKS_UP = (
    "an HTTP proxy would look the name up itself, past [untrusted] networks; use an https URL, or a SOCKS proxy"
)
"""Why an http URL of an untrusted author is not asked of a proxy (RFC 9112 §3.2.2)."""


def connect(route: Route, limits: TimeLimits) -> Connection:
    """A new connection.

    Raises TimeoutError, ForbiddenAddress and other OSErrors where the receiver is the reason, ProxyFailed where the
    proxy is.
    """
    limits.connecting()
    begun = time.monotonic()
    if route.proxy is None:
        made: Any = open_tcp(route.host, route.port, limits, route.networks.check)
    else:
        made = _by_proxy(route, limits)
    if route.trust is not None:
        made = start_tls(made, route.trust, route.host, session_place(route), limits)
    limits.connected()
    return Connection(made, begun)


def session_place(route: Route) -> object:
    """What a session with the receiver is kept by."""
    return route.host, route.port, route.proxy


def start_tls(made: Any, trust: Trust, host: str, place: Any, limits: TimeLimits) -> Any:
    """TLS on a connection. `place`: what a session is kept by. Closes the connection if it raises."""
    name = host.rstrip(".").partition("%")[0]
    session = trust.session(place)
    try:
        if isinstance(made, ssl.SSLSocket):
            from pulp_events_http.connections.tls_in_tls import wrap

            return wrap(made, trust.context, name, limits)
        made.settimeout(limits.left())  # the handshake takes this as its whole time
        return trust.context.wrap_socket(made, server_hostname=name, session=session)
    except BaseException as error:
        made.close()
        if session is not None and isinstance(error, ssl.SSLError):
            trust.forget(place)
        raise


def _by_proxy(route: Route, limits: TimeLimits) -> Any:
    proxy = route.proxy
    assert proxy is not None
    if proxy.is_socks:
        from pulp_events_http.connections.socks import open_socks

        return open_socks(proxy, route.host, route.port, limits, route.networks)
    receiver = route.host.rstrip(".")
    if route.networks.pinned:
        if route.forwards:
            raise ForbiddenAddress(errno.EACCES, PROXY_LOOKS_UP)
        receiver = route.networks.first_allowed(route.host, route.port, limits)
    else:  # the proxy connects, to addresses of its own finding; what can be checked from here is checked
        route.networks.check_name(route.host, limits)
    try:
        made: Any = open_tcp(proxy.host, proxy.port, limits)  # its address is the administrator's choice
        if route.proxy_trust is not None:
            made = start_tls(made, route.proxy_trust, proxy.host, (proxy.host, proxy.port), limits)
        if not route.forwards:
            _tunnel(made, proxy, receiver, route.port, limits)
    except (OSError, NotHttp) as error:
        raise ProxyFailed(proxy) from error
    return made


def _tunnel(made: Any, proxy: Proxy, receiver: str, port: int, limits: TimeLimits) -> None:
    """Have the proxy join the connection with the receiver (RFC 9110 §9.3.6). Closes it if it raises."""
    host = f"[{receiver}]" if ":" in receiver else receiver
    target = f"{host}:{port}"
    headers = [("Host", target), *proxy.headers()]
    connection = Connection(made, 0.0)
    try:
        connection.begin(limits)
        connection.send(request_head("CONNECT", target, headers), b"", tunnel=True)
        head = connection.head(patience=math.inf)  # what is behind its end is the receiver's
        if not 200 <= head.status < 300:
            text = f"refused the tunnel: {head.status} {head.reason}".rstrip()
            raise ProxyFailed(proxy, text, head.status, head.headers.get("retry-after"))
        if connection.has_more():
            raise NotHttp("data came through the tunnel before it was used")
    except BaseException:
        made.close()
        raise
