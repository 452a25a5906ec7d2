"""`Route`: what a connection depends on, and nothing else; channels whose routes are equal share connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pulp_events.networks import Networks
from pulp_events_http.proxies import Proxy

if TYPE_CHECKING:
    from pulp_events_http.connections.tls import Trust


@dataclass(frozen=True, slots=True)
class Route:
    """From here to a receiver. Credentials, cookies and time limits belong to a request, and are not in it."""

    scheme: str
    host: str
    """As it is looked up: ASCII, an IPv6 address without brackets."""
    port: int
    trust: Trust | None
    """None: no TLS to the receiver."""
    networks: Networks
    """Where the receiver may be."""
    proxy: Proxy | None = None
    """Its own credentials are part of it: a tunnel is made with them."""
    proxy_trust: Trust | None = None
    """None: no TLS to the proxy."""
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = (self.scheme, self.host, self.port, self.trust, self.networks, self.proxy, self.proxy_trust)
        object.__setattr__(self, "_hash", hash(parts))

    def __hash__(self) -> int:
        return self._hash  # asked for many times in each exchange

    @property
    def forwards(self) -> bool:
        """True if the proxy is asked for the URL, and no tunnel is made through it (RFC 9112 §3.2.2)."""
        return self.proxy is not None and not self.proxy.is_socks and self.scheme == "http"
