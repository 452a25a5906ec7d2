"""Connections through a SOCKS proxy. Imports python-socks, which the extra `socks` brings."""

from __future__ import annotations

import errno
import socket
from typing import Any

from python_socks import ProxyError, ProxyType
from python_socks.sync import Proxy as Client

from pulp_events.deadline import connect
from pulp_events.networks import Networks
from pulp_events_http.connections.failures import ProxyFailed
from pulp_events_http.limits import TimeLimits
from pulp_events_http.proxies import Proxy

_TYPES = {
    "socks5": ProxyType.SOCKS5,
    "socks5h": ProxyType.SOCKS5,
    "socks4": ProxyType.SOCKS4,
    "socks4a": ProxyType.SOCKS4,
}


class _WithinLimits(Client):  # type: ignore[misc]  # python-socks is there with the extra only
    """What the client is told to go through first: a connection whose every read and write is under the limits.

    A time limit that is given to the client itself applies to each of its reads separately, so a proxy that sends a
    byte now and then could hold us forever.
    """

    def __init__(self, limits: TimeLimits) -> None:
        self._limits = limits

    def connect(self, dest_host: str, dest_port: int, timeout: float | None = None, **_: Any) -> socket.socket:
        return connect(dest_host, dest_port, self._limits)


class _Utf8(str):
    """A user name or password: the client would write ASCII only, and the length that it writes is that in bytes."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return super().encode()

    def __len__(self) -> int:
        return len(self.encode())


def open_socks(proxy: Proxy, host: str, port: int, limits: TimeLimits, networks: Networks) -> socket.socket:
    """Connect by way of the proxy.

    Where the name is looked up here (`socks5://`, `socks4://`, and any where `networks` are pinned), the address that
    the proxy is asked for is one that `networks` allows; else, with `socks5h://` and `socks4a://`, the proxy looks it
    up, and what can be checked is checked.
    Raises TimeoutError, ForbiddenAddress, gaierror, and ProxyFailed with what the proxy says.
    """
    if networks.pinned or proxy.scheme in ("socks5", "socks4"):
        host = networks.first_allowed(host, port, limits, only_ipv4=proxy.scheme in ("socks4", "socks4a"))
    else:
        networks.check_name(host, limits)
    client = Client(
        _TYPES[proxy.scheme],
        proxy.host,
        proxy.port,
        _Utf8(proxy.username or ""),
        _Utf8(proxy.password or ""),
        rdns=True,  # what is to be looked up here is an address already
        forward=_WithinLimits(limits),
    )
    try:
        made = client.connect(host, port)
    except TimeoutError:
        raise TimeoutError("the time limit was exceeded") from None
    except ProxyError as error:
        raise ProxyFailed(proxy, str(error)) from OSError(errno.EPROTO, str(error))
    except (OSError, ValueError) as error:  # ValueError: what cannot be asked for, or no valid answer
        raise ProxyFailed(proxy, "" if isinstance(error, OSError) else str(error)) from error
    return socket.socket(made.family, made.type, made.proto, fileno=made.detach())
