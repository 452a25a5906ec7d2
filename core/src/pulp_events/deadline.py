"""Sockets that hold a deadline over many reads and writes: for notifiers that keep a connection.

A socket's own time-out begins anew with every read, so a server that sends a byte now and then holds its client for
ever. Here each read and write may take what is left until one moment, however many of them there are.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

SLACK = 0.05
"""Seconds by which a read or write may outlast the deadline."""


class Deadline:
    """The moment by which the attempt under way must be over; set anew for each."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at = 0.0

    def start(self, seconds: float) -> None:
        """It is `seconds` from now."""
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left. Raises TimeoutError when there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time limit is over")
        return left

    @property
    def over(self) -> bool:
        """True once the moment has passed."""
        return time.monotonic() >= self._at


def _apply(connection: socket.socket, left: float) -> None:
    """Give the socket what is left. A setting that is off by less than SLACK stays, as each costs a system call."""
    now = connection.gettimeout()
    if now is None or not left - SLACK < now < left + SLACK:
        connection.settimeout(left)


class DeadlineSocket(socket.socket):
    """A TCP socket under a deadline. `sendall` needs no more: its time-out is already that of the whole call."""

    deadline: Deadline

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        _apply(self, self.deadline.left())
        return super().recv_into(*args, **kwargs)

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        _apply(self, self.deadline.left())
        return super().recv(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        _apply(self, self.deadline.left())
        super().sendall(*args, **kwargs)


def connect(host: str, port: int, deadline: Deadline) -> DeadlineSocket:
    """Connect to the first address of `host` that takes the connection, all of them together under the deadline.

    Raises OSError: that of the name look-up, TimeoutError, or that of the last address that was tried.
    """
    last: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        connection = DeadlineSocket(family, kind, protocol)
        connection.deadline = deadline
        try:
            # Without this a request in two segments, head and body, waits for the receiver's delayed ACK.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(deadline.left())
            connection.connect(address)
            connection.settimeout(deadline.left())  # for the TLS handshake, which takes this as its whole time
        except OSError as error:
            last = error
            connection.close()
        else:
            return connection
    raise last or OSError("the name has no address")


def put_under_deadline(context: ssl.SSLContext, deadline: Deadline) -> None:
    """Make the TLS sockets of this context keep to the deadline."""

    class DeadlineSSLSocket(ssl.SSLSocket):
        def read(self, *args: Any, **kwargs: Any) -> Any:
            _apply(self, deadline.left())
            return super().read(*args, **kwargs)

        def send(self, *args: Any, **kwargs: Any) -> int:
            _apply(self, deadline.left())
            return super().send(*args, **kwargs)

    context.sslsocket_class = DeadlineSSLSocket
