"""Connections through a SOCKS proxy. Imports PySocks, which the extra `socks` brings."""

from __future__ import annotations

import errno
import socket

import socks

from pulp_events.deadline import DeadlineSocket, look_up
from pulp_events_http.connections.failures import ProxyFailed
from pulp_events_http.limits import TimeLimits
from pulp_events_http.networks import Networks
from pulp_events_http.proxies import Proxy

_VERSIONS = {"socks5": socks.SOCKS5, "socks5h": socks.SOCKS5, "socks4": socks.SOCKS4, "socks4a": socks.SOCKS4}


class _SocksSocket(DeadlineSocket, socks.socksocket):
    """PySocks' socket, whose every read while it talks to the proxy is under the deadline."""


def open_socks(proxy: Proxy, host: str, port: int, limits: TimeLimits, networks: Networks) -> socket.socket:
    """Connect by way of the proxy.

    Where the name is looked up here (`socks5://`, `socks4://`), the address that the proxy is asked for is one that
    `networks` allows; with `socks5h://` and `socks4a://` the proxy looks it up, and what can be checked is checked.
    Raises TimeoutError, ForbiddenAddress, gaierror, and ProxyFailed with what the proxy says.
    """
    if proxy.scheme in ("socks5", "socks4"):
        host = _look_up(host, port, limits, networks, only_ipv4=proxy.scheme == "socks4")
    else:
        networks.check_name(host, limits)
    return _connect(proxy, host, port, limits)


def _look_up(host: str, port: int, limits: TimeLimits, networks: Networks, only_ipv4: bool) -> str:
    """The first address of `host` that `networks` allows. Raises ForbiddenAddress if there is none, gaierror."""
    last: OSError | None = None
    for family, *_, address in look_up(host, port, limits):
        if only_ipv4 and family != socket.AF_INET:
            continue
        try:
            networks.check(str(address[0]))
        except OSError as error:
            last = error
        else:
            return str(address[0])
    raise last or OSError(errno.EADDRNOTAVAIL, f"the name has no {'IPv4 ' * only_ipv4}address")


def _connect(proxy: Proxy, host: str, port: int, limits: TimeLimits) -> socket.socket:
    last: OSError | None = None
    try:
        found = socket.getaddrinfo(proxy.host, proxy.port, 0, socket.SOCK_STREAM)
    except OSError as error:
        raise ProxyFailed(proxy) from error
    rdns = proxy.scheme in ("socks5h", "socks4a")
    for (family, kind, protocol, _, _), share in limits.shares(found):
        connection = _SocksSocket(family, kind, protocol)
        connection.deadline = limits
        connection.set_proxy(
            _VERSIONS[proxy.scheme], proxy.host, proxy.port, rdns, proxy.username, proxy.password or None
        )
        try:
            connection.settimeout(share)
            connection.connect((host, port))
        except OSError as error:
            last = error
            connection.close()
        else:
            made = socket.socket(family, kind, protocol, fileno=connection.detach())
            # Without this a request in several segments waits for the receiver's delayed ACK.
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
    if isinstance(last, TimeoutError) or limits.over:
        raise TimeoutError("the time limit is over")
    raise ProxyFailed(proxy, _reason(last)) from OSError(errno.EPROTO, _reason(last))


def _reason(error: OSError | None) -> str:
    """What PySocks says, from the error at the bottom of those that it wraps it in."""
    while isinstance(error, socks.ProxyError) and isinstance(error.socket_err, OSError):
        error = error.socket_err
    if error is None:
        return "its name has no address"
    return error.strerror or str(error)
