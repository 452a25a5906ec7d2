"""`HOST:PORT` or `unix:PATH`: where the server listens."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True)
class Address:
    """One of both."""

    host: str = ""
    port: int = 0
    path: str = ""
    """Of a Unix socket; empty: TCP."""

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches it. A name counts if it leads to nothing else. Raises OSError."""
        if self.path:
            return True
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        return all(ip_address(str(each[4][0]).partition("%")[0]).is_loopback for each in found)

    @property
    def url(self) -> str:
        """As a browser is told."""
        if self.path:
            return f"unix:{self.path}"
        return f"http://{self}/"

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(text: str) -> Address:
    """`127.0.0.1:8088`, `[::1]:8088`, `unix:/run/pulp/web.sock`. Raises ValueError with what would be right."""
    if text.startswith("unix:"):
        if not text.removeprefix("unix:").startswith("/"):
            raise ValueError(f"{text!r}: write an absolute path, such as unix:/run/pulp-events/web.sock")
        return Address(path=text.removeprefix("unix:"))
    host, colon, port = text.strip().rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535 or not host or (":" in host and host[:1] != "["):
        raise ValueError(f"{text!r}: write HOST:PORT, such as 127.0.0.1:8088 or [::1]:8088, or unix:PATH")
    return Address(host.strip("[]"), int(port))
