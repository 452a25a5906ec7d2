"""Tells systemd how the service does: the protocol of sd_notify(3)."""

from __future__ import annotations

import os
import socket
import time


def notify(*assignments: str) -> bool:
    """Send `KEY=VALUE` lines to $NOTIFY_SOCKET; False where there is none, or nobody takes them."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address or not hasattr(socket, "AF_UNIX"):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto("\n".join(assignments).encode(), address)
    except OSError:
        return False
    return True


def ready() -> None:
    """The service works."""
    notify("READY=1", f"STATUS=delivering, process {os.getpid()}")


def reloading() -> None:
    """Settings are being read again; `ready` follows. systemd asks for the time at which it began."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def stopping() -> None:
    """The service is ending."""
    notify("STOPPING=1")
