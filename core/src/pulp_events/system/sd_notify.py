"""Tells systemd how the service does: the protocol of sd_notify(3)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

SOCKET = "NOTIFY_SOCKET"
WATCHDOG = "WATCHDOG_USEC"
_PATIENCE = 1.0
"""Seconds: a pool that was stopped (Ctrl-Z) reads nothing, and its workers go on all the same."""
_VARIABLES = (SOCKET, WATCHDOG, "WATCHDOG_PID")


def notify(*assignments: str) -> bool:
    """Send `KEY=VALUE` lines to $NOTIFY_SOCKET; False where there is none, or nobody takes them."""
    address = os.environ.get(SOCKET)
    if not address or not hasattr(socket, "AF_UNIX"):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(_PATIENCE)
            sender.sendto("\n".join(assignments).encode(), address)
    except OSError:
        return False
    return True


def ready(status: str | None = None) -> None:
    """The service works."""
    notify("READY=1", f"STATUS={status or f'delivering, process {os.getpid()}'}")


def reloading(longest: float = 0.0) -> None:
    """Settings are being read again; `ready` follows, after `longest` seconds at most, in which no `alive` comes.

    systemd asks for the time at which it began.
    """
    lines = ["RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"]
    if interval := watchdog_interval():
        lines.append(f"{WATCHDOG}={int((interval + longest) * 1e6)}")
    notify(*lines)


def reloaded() -> None:
    """What `reloading` said is over, and the watchdog looks as often as before."""
    if interval := watchdog_interval():
        notify(f"{WATCHDOG}={int(interval * 1e6)}", "WATCHDOG=1")
    ready()


def stopping() -> None:
    """The service is ending."""
    notify("STOPPING=1")


def alive() -> None:
    """The service still works: to be said more often than each `watchdog_interval`."""
    notify("WATCHDOG=1")


def watchdog_interval() -> float | None:
    """Seconds within which systemd wants to hear `alive` from this process (`WatchdogSec=` of the unit), if it does."""
    try:
        seconds = int(os.environ[WATCHDOG]) / 1e6
    except (KeyError, ValueError):
        return None
    return seconds if seconds > 0 and os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()) else None


def without(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that is not the service, and must not speak for it."""
    return {name: value for name, value in environment.items() if name not in _VARIABLES}
