"""One request and its answer: over a connection that is kept, or a new one."""

from __future__ import annotations

import ssl

from pulp_events_http.answer import accepts
from pulp_events_http.connections.answer_head import Head
from pulp_events_http.connections.connect import connect, session_place
from pulp_events_http.connections.connection import Connection
from pulp_events_http.connections.kept import KEPT
from pulp_events_http.connections.route import Route
from pulp_events_http.limits import TimeLimits

_MAY_BE_THE_CONNECTIONS = frozenset({401, 403, 407, 421})
"""Answers that another connection might not get: its certificate, or the server that it leads to, may be the reason."""

_REQUEST_TIMEOUT = 408
"""On a connection that was used before it is about the time between requests, and answers none (RFC 9110 §15.5.9)."""


def exchange(route: Route, request: bytes, body: bytes, limits: TimeLimits) -> tuple[Head, bytes]:
    """Send, and read the answer. The connection is kept after a 2xx that left it clean, and renewed otherwise.

    `request`: what it begins with, as `request_head` makes it.

    Raises OSError and NotHttp if there is no answer, ProxyFailed if the proxy is the reason. A request is never
    repeated here: the receiver may have it.
    """
    connection = KEPT.take(route)
    is_new = connection is None
    try:
        if connection is None:
            connection = connect(route, limits)
            KEPT.opened(connection)
        connection.begin(limits)
        connection.send(request, body)
        head = connection.head()
        answer = connection.body()
    except BaseException:
        if connection is not None:
            connection.close()
            if not is_new and connection.has_come:  # it came late, behind the answer before
                KEPT.distrust(route)
        KEPT.drop(route)
        raise
    if is_new:
        _keep_session(route, connection)
    elif head.status == _REQUEST_TIMEOUT:
        connection.unclean = True
    if connection.unclean:
        KEPT.distrust(route)
    elif head.status in _MAY_BE_THE_CONNECTIONS:
        KEPT.drop(route)
    if accepts(head.status) and connection.is_reusable():
        KEPT.give(route, connection)
    elif not is_new and connection.is_reusable():
        KEPT.watch(route, connection)
    else:
        connection.close()
    return head, answer


def _keep_session(route: Route, connection: Connection) -> None:
    """For the next connection. Not sooner: TLS 1.3 sends the tickets after the handshake (RFC 8446 §4.6.1)."""
    made = connection.socket
    if route.trust is not None and isinstance(made, ssl.SSLSocket):
        route.trust.keep(session_place(route), made)
