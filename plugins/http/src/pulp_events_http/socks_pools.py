"""Connections through a SOCKS proxy, under the channel's limits. Imports PySocks, which the extra `socks` brings."""

from __future__ import annotations

import errno
import socket
from typing import Any

import socks
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.contrib.socks import (
    SOCKSConnection,
    SOCKSHTTPConnectionPool,
    SOCKSHTTPSConnection,
    SOCKSHTTPSConnectionPool,
)
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from pulp_events.deadline import DeadlineSocket
from pulp_events_http.limits import TimeLimits
from pulp_events_http.networks import Networks


class _SocksSocket(DeadlineSocket, socks.socksocket):
    """PySocks' socket, whose every read while it talks to the proxy is under the deadline."""


def socks_pool_classes(limits: TimeLimits, networks: Networks) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools for SOCKS proxies with connections under `limits`, by URL scheme.

    Where the name is looked up here (`socks5://`, `socks4://`), the address that the proxy is asked for is one that
    `networks` allows; with `socks5h://` and `socks4a://` the proxy looks it up.
    """

    class Guarded(SOCKSConnection):
        def connect(self) -> None:
            limits.connecting()
            super().connect()
            limits.connected()

        def _new_conn(self) -> Any:  # the method that urllib3's connections open their socket with
            try:
                host = self._dns_host.strip("[]")
                options = self._socks_options
                if not options["rdns"]:
                    host = _look_up(host, self.port, networks, only_ipv4=options["socks_version"] == socks.SOCKS4)
                return _connect(options, host, self.port, limits)
            except TimeoutError as error:
                raise ConnectTimeoutError(self, "connecting took too long") from error
            except OSError as error:
                raise NewConnectionError(self, str(error)) from error

    class PlainConnection(Guarded):
        pass

    class SecureConnection(Guarded, SOCKSHTTPSConnection):
        pass

    class PlainPool(SOCKSHTTPConnectionPool):
        ConnectionCls = PlainConnection

    class SecurePool(SOCKSHTTPSConnectionPool):
        ConnectionCls = SecureConnection

        def _validate_conn(self, conn: Any) -> None:
            # As in `transport`: without a warning about what the administrator asked for.
            if conn.is_closed:
                conn.connect()

    return {"http": PlainPool, "https": SecurePool}


def _look_up(host: str, port: int, networks: Networks, only_ipv4: bool) -> str:
    """The first address of `host` that `networks` allows. Raises ForbiddenAddress if there is none, gaierror."""
    last: OSError | None = None
    family = socket.AF_INET if only_ipv4 else 0
    for *_, address in socket.getaddrinfo(host, port, family, socket.SOCK_STREAM):
        try:
            networks.check(str(address[0]))
        except OSError as error:
            last = error
        else:
            return str(address[0])
    raise last or OSError("the name has no address")


def _connect(options: Any, host: str, port: int, limits: TimeLimits) -> DeadlineSocket:
    """Connect by way of the proxy. Raises TimeoutError, or OSError with the reason in words as its `strerror`."""
    place = options["proxy_host"].strip("[]"), int(options["proxy_port"] or socks.DEFAULT_PORTS[socks.SOCKS5])
    last: OSError | None = None
    for family, kind, protocol, _, _ in socket.getaddrinfo(*place, 0, socket.SOCK_STREAM):
        connection = _SocksSocket(family, kind, protocol)
        connection.deadline = limits
        connection.set_proxy(
            options["socks_version"], *place, options["rdns"], options["username"], options["password"]
        )
        try:
            connection.settimeout(limits.left())
            connection.connect((host, port))
            made = DeadlineSocket(family, kind, protocol, fileno=connection.detach())
        except OSError as error:
            last = error
            connection.close()
        else:
            made.deadline = limits
            # Without this a request in two segments, head and body, waits for the receiver's delayed ACK.
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.settimeout(limits.left())  # for the TLS handshake, which takes this as its whole time
            return made
    if isinstance(last, TimeoutError) or limits.over:
        raise TimeoutError("the time limit is over")
    raise OSError(errno.EPROTO, f"the SOCKS proxy {place[0]}:{place[1]}: {_reason(last)}")


def _reason(error: OSError | None) -> str:
    """What PySocks says, from the error at the bottom of those that it wraps it in."""
    while isinstance(error, socks.ProxyError) and isinstance(error.socket_err, OSError):
        error = error.socket_err
    if error is None:
        return "its name has no address"
    return error.strerror or str(error)
