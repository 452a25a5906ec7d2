"""TLS to a receiver within the TLS to an HTTPS proxy, by urllib3's transport."""

from __future__ import annotations

import ssl
from typing import Any

from urllib3.util.ssltransport import SSLTransport

from pulp_events_http.limits import TimeLimits


class _UnderLimits:
    """The socket to the proxy while the handshake goes on, which reads it many times: no byte restarts the clock."""

    def __init__(self, connection: ssl.SSLSocket, limits: TimeLimits) -> None:
        self._connection = connection
        self._limits = limits

    def recv(self, size: int) -> bytes:
        self._connection.settimeout(self._limits.left())
        return self._connection.recv(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def pending(made: SSLTransport) -> int:
    """Octets that came and were not read yet: of the inner connection, and of the outer one."""
    return int(made.sslobj.pending() + made.incoming.pending + made.socket.pending())  # type: ignore[attr-defined]


def wrap(connection: ssl.SSLSocket, context: ssl.SSLContext, name: str, limits: TimeLimits) -> SSLTransport:
    """The inner TLS connection. Raises OSError."""
    made = SSLTransport(_UnderLimits(connection, limits), context, server_hostname=name)  # type: ignore[arg-type]
    made.socket = connection
    return made
