"""Sockets that hold a deadline over many reads and writes: for notifiers that keep a connection.

A socket's own time-out starts over with every read, so a server that sends a byte now and then holds its client for
ever. Here each read and write may take what is left until one moment, however many of them there are.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

AddressInfo: TypeAlias = tuple[int, int, int, str, Any]
"""What `socket.getaddrinfo` finds: family, kind, protocol, canonical name, address."""

_Each = TypeVar("_Each")

SLACK = 0.05
"""Seconds by which a read or write may outlast the deadline, or fall short of it."""


class Deadline:
    """The moment by which the current attempt must be over; set again for each attempt."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at = 0.0

    def start(self, seconds: float) -> None:
        """It is `seconds` from now."""
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left. Raises TimeoutError if none are left."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time limit was exceeded")
        return left

    @property
    def over(self) -> bool:
        """True once the moment has passed. A read that timed out may have ended SLACK seconds earlier."""
        return time.monotonic() >= self._at - SLACK

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """In this block the deadline is at most `seconds` from now."""
        whole = self._at
        self._at = min(whole, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._at = whole

    def shares(self, things: Sequence[_Each]) -> Iterator[tuple[_Each, float]]:
        """Yield each thing to try, with its equal share, in seconds, of the time left at that point.

        Raises TimeoutError if no time is left.
        """
        for number, thing in enumerate(things):
            yield thing, self.left() / (len(things) - number)


def _apply(connection: socket.socket, left: float) -> None:
    """Give the socket what is left. A setting that is off by less than SLACK stays, as each costs a system call."""
    now = connection.gettimeout()
    if now is None or not left - SLACK < now < left + SLACK:
        connection.settimeout(left)


class DeadlineSocket(socket.socket):
    """A TCP socket under a deadline."""

    deadline: Deadline

    @classmethod
    def around(cls, plain: socket.socket, deadline: Deadline) -> DeadlineSocket:
        """The same connection, under the deadline from now on; `plain` must not be used afterwards."""
        made = cls(plain.family, plain.type, plain.proto, fileno=plain.detach())
        made.deadline = deadline
        try:
            made.settimeout(deadline.left())  # for the TLS handshake, which takes this as its whole time
        except BaseException:
            made.close()
            raise
        return made

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        _apply(self, self.deadline.left())
        return super().recv_into(*args, **kwargs)

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        _apply(self, self.deadline.left())
        return super().recv(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        _apply(self, self.deadline.left())
        super().sendall(*args, **kwargs)


def look_up(host: str, port: int, deadline: Deadline) -> list[AddressInfo]:
    """The addresses of `host`, in the order of RFC 6724. Raises OSError: that of the look-up, or TimeoutError.

    Nothing can end a look-up that hangs: after the deadline its thread is left alone.
    """
    with contextlib.suppress(OSError, ValueError):
        socket.inet_pton(socket.AF_INET, host)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return list(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))  # asks nobody
    found: list[AddressInfo] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001  # raised below, where somebody waits for it
            failed.append(error)

    thread = threading.Thread(target=ask, name=f"look-up-{host}", daemon=True)
    thread.start()
    with contextlib.suppress(TimeoutError):  # of a deadline that is over by now; the name is said all the same
        thread.join(deadline.left())
    if thread.is_alive():
        raise TimeoutError(f"looking up {host} took too long")
    if failed:
        if isinstance(failed[0], UnicodeError):  # what a label that is too long makes of it
            raise socket.gaierror(socket.EAI_NONAME, f"it is not a valid host name: {failed[0]}") from failed[0]
        raise failed[0]
    if not found:
        raise OSError("the name has no address")
    return found


def open_to(found: AddressInfo, deadline: Deadline) -> socket.socket:
    """Connect to this address. Raises OSError."""
    family, kind, protocol, _, address = found
    connection = socket.socket(family, kind, protocol)
    try:
        # Without this a request in two segments, head and body, waits for the receiver's delayed ACK.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(deadline.left())
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def open_tcp(host: str, port: int, deadline: Deadline, check: Callable[[str], object] | None = None) -> socket.socket:
    """Connect to the first address of `host` that accepts; each gets an equal share of the time left.

    `check` is called with each numeric address before anything is sent there, and raises OSError for one that must not
    be used. The caller sets the timeouts for everything after that; use `connect` for a socket that keeps to the
    deadline by itself.

    Raises OSError: that of the name lookup, TimeoutError, or that of the last address tried.
    """
    last: OSError | None = None
    for found, seconds in deadline.shares(look_up(host, port, deadline)):
        try:
            if check is not None:
                check(str(found[4][0]))
            with deadline.within(seconds):
                return open_to(found, deadline)
        except OSError as error:
            last = error
    raise last or OSError("the name has no address")


def connect(host: str, port: int, deadline: Deadline) -> DeadlineSocket:
    """Connect to the first address of `host` that accepts; each gets an equal share of the time left.

    Raises OSError: that of the name lookup, TimeoutError, or that of the last address tried.
    """
    return DeadlineSocket.around(open_tcp(host, port, deadline), deadline)


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
