"""`HOST:PORT`: where metrics are served."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from pulp_events.secrets import mask_value

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """Where to listen; port 0: one that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """`127.0.0.1:9464`, `[::1]:9464`, or the port alone, on loopback. Raises ArgumentTypeError."""
    host, colon, port = text.strip().rpartition(":")
    bracketed = host[:1] == "[" and host[-1:] == "]"
    wrong = not port.isascii() or not port.isdecimal() or int(port) > 65535
    if wrong or (colon and not host) or (":" in host and not bracketed):
        raise argparse.ArgumentTypeError(
            f"{mask_value(text):.60} is no address; write HOST:PORT, such as {LOOPBACK}:9464"
        )
    return Address((host[1:-1] if bracketed else host) or LOOPBACK, int(port))
