"""`Connection`: one connection to a receiver, on which requests and their answers follow each other by HTTP/1.1."""

from __future__ import annotations

import contextlib
import math
import select
import socket
import ssl
import time
from typing import Any

import h11

from pulp_events_http.connections.answer_head import Head, may_be_interim, status_line, what_it_is
from pulp_events_http.connections.failures import ClosedEarly, NotHttp
from pulp_events_http.connections.plain_answer import PlainAnswer, plain_answer
from pulp_events_http.limits import TimeLimits

BODY_LIMIT = 64 * 1024
"""Octets of an answer's body that are read; the connection is closed on a longer one."""

HEAD_LIMIT = 256 * 1024
"""Octets that the head of an answer may have."""

PATIENCE = 0.5
"""Seconds for which the rest of an answer is waited for. What it means is known by then: the status line says it."""

CHUNK = 16 * 1024
"""Octets that are read at a time."""

PIECE = 16 * 1024
"""Octets that are sent before it is looked whether the answer is there already; a TLS record, at the most."""


class Connection:
    """Used by one thread at a time; `begin`, `send`, `head`, `body` make one exchange.

    `socket`: connected, through the proxy and with TLS where need be.
    """

    __slots__ = (
        "__weakref__", "_cut_by", "_ended", "_final", "_limits", "_plain", "_protocol", "_seen", "_tunnel", "made",
        "socket", "unclean", "used",
    )  # fmt: skip

    def __init__(self, socket: Any, now: float) -> None:
        self.socket = socket
        self.made = self.used = now
        self.unclean = False
        """True once something came that belongs to no request."""
        self._limits: TimeLimits
        self._seen = bytearray()
        self._cut_by: OSError | None = None
        self._plain: PlainAnswer | None = None
        self._protocol: h11.Connection | None = None
        """Reads the answer, once it is none that is read by hand."""
        self._final: h11.Response | None = None
        self._ended = False
        self._tunnel = False

    def begin(self, limits: TimeLimits) -> None:
        """An exchange begins, under these limits."""
        self._limits = limits
        self._seen.clear()
        self._cut_by = self._plain = self._protocol = self._final = None
        self._ended = False

    def send(self, request: bytes, body: bytes, *, tunnel: bool = False) -> None:
        """Send the request, or as much of it as the receiver takes before it answers or closes (RFC 9112 §9.5).

        Interim answers (RFC 9110 §15.2) that come meanwhile are read, and sending goes on. `tunnel`: its method is
        CONNECT, not POST.
        """
        self._tunnel = tunnel
        data = request + body
        try:
            if len(data) <= PIECE:
                self.socket.settimeout(self._limits.left())
                self.socket.sendall(data)
            else:
                self._send_in_pieces(data)
        except TimeoutError:
            raise
        except OSError as error:  # the answer may have come before
            self._cut_by = error

    def _send_in_pieces(self, data: bytes) -> None:
        poll = select.poll()
        poll.register(self.socket.fileno(), select.POLLIN | select.POLLOUT)
        view = memoryview(data)
        for start in range(0, len(data), PIECE):
            while True:
                ready = poll.poll(self._limits.left() * 1000)
                happened = ready[0][1] if ready else 0
                if happened & ~select.POLLOUT and self._comes_early():
                    self.unclean = self.unclean or (start == 0 and self.has_come)  # it answers no request of ours
                    return
                if happened & select.POLLOUT:
                    break
            # Linux calls a socket writable when a third of its buffer is free: a piece goes in without a wait.
            self.socket.settimeout(self._limits.left())
            self.socket.sendall(view[start : start + PIECE])

    def _comes_early(self) -> bool:
        """True if the final answer, or the connection's end, is there before the request is sent."""
        while (data := self._at_once()) is not None:
            self._feed(data)
            if not data or self._final_begins():
                self._cut_by = ClosedEarly("the receiver did not read the whole request")
                return True
        return False

    def _final_begins(self) -> bool:
        """True if what was read has the beginning of the final answer, or of what is no answer."""
        try:
            # Of half an interim answer the rest will come.
            return self._next() or not may_be_interim(self._seen)
        except h11.RemoteProtocolError:
            return True

    def _next(self) -> bool:
        """Read past interim answers; True once the final one's head is there. Raises RemoteProtocolError."""
        if self._plain is not None:
            return True
        if self._protocol is None:
            return False
        while self._final is None:
            event = self._protocol.next_event()
            if event is h11.NEED_DATA:
                return False
            if isinstance(event, h11.Response):
                self._final = event
            elif isinstance(event, h11.InformationalResponse):
                self._seen[:] = self._protocol.trailing_data[0]
            else:
                raise h11.RemoteProtocolError("no answer")
        return True

    def _at_once(self) -> bytes | None:
        """What can be read without waiting; b"" at the end, None if there is nothing: TLS has records of its own."""
        self.socket.settimeout(0)
        try:
            return self.socket.recv(CHUNK) or b""
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def _feed(self, data: bytes) -> None:
        self._seen += data
        if self._protocol is None:
            if not self._tunnel and (plain := plain_answer(data)) is not None:
                self._plain, self._ended = plain, True
                return
            self._protocol = _protocol(_CONNECT if self._tunnel else _POST)
        self._protocol.receive_data(data)

    def head(self, patience: float = PATIENCE) -> Head:
        """The final answer's; interim ones (102 to 199 but 101, RFC 9110 §15.2) are read and left aside.

        Where the rest of the head cannot be read, or does not come in `patience` seconds, the status line decides.
        Raises OSError and NotHttp if there is none.
        """
        until = math.inf
        try:
            while not self._next():
                if until == math.inf and status_line(self._seen) is not None:
                    until = time.monotonic() + patience
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError("its head is not complete")
                self._feed(self._receive(min(left, self._limits.left())))
            return self._parsed(self._final) if self._plain is None else self._plain.head
        except (h11.RemoteProtocolError, OSError) as error:
            self._cut_by = self._cut_by or ClosedEarly()
            if (head := status_line(self._seen)) is not None:
                return head
            if isinstance(error, OSError):
                raise
            if not self._seen:
                raise ClosedEarly from (self._cut_by if self._cut_by.args else None)
            raise NotHttp(what_it_is(self._seen, str(error))) from None

    def _parsed(self, event: h11.Response | None) -> Head:
        assert event is not None
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        # Two lengths, or a body where there can be none: nobody knows where the next answer begins (RFC 9112 §6.3).
        if (length and coding) or (event.status_code in (204, 304) and (coding or length not in (None, "0"))):
            self.unclean = True
        return Head(event.status_code, bytes(event.reason).decode("latin-1"), headers)

    def body(self) -> bytes:
        """The body, packed as it came: up to BODY_LIMIT, and as far as it comes in PATIENCE and before an error."""
        if self._plain is not None:
            return self._plain.body
        if self._final is None or self._protocol is None:  # the head had no end
            return b""
        until = time.monotonic() + PATIENCE
        body = bytearray()
        with contextlib.suppress(h11.RemoteProtocolError, OSError):
            while len(body) <= BODY_LIMIT:
                event = self._protocol.next_event()
                if event is h11.NEED_DATA:
                    left = until - time.monotonic()
                    if left <= 0:
                        break
                    self._protocol.receive_data(self._receive(min(left, self._limits.left())))
                elif isinstance(event, h11.Data):
                    body += event.data
                else:
                    self._ended = isinstance(event, h11.EndOfMessage)
                    break
        if self._protocol.trailing_data[0] and self._ended:
            self.unclean = True
        return bytes(body)

    @property
    def has_come(self) -> bool:
        """True if anything was read in this exchange, interim answers aside."""
        return bool(self._seen)

    def has_more(self) -> bool:
        """True if more was read than the answer's head."""
        return self._protocol is not None and bool(self._protocol.trailing_data[0])

    def is_reusable(self) -> bool:
        """True if the exchange ended as it should, and the receiver keeps the connection."""
        protocol = self._protocol
        return (
            self._ended
            and self._cut_by is None
            and not self.unclean
            and (protocol is None or (protocol.our_state is h11.DONE and protocol.their_state is h11.DONE))
        )

    def is_quiet(self) -> bool:
        """True if nothing came since the last answer: neither the connection's end nor what nobody asked for."""
        poll = select.poll()
        poll.register(self.socket.fileno(), select.POLLIN)
        try:
            if not poll.poll(0) and not _pending(self.socket):
                return True
            data = self._at_once()
        except (OSError, ValueError):
            return False
        self.unclean = self.unclean or bool(data)
        return data is None

    def _receive(self, seconds: float) -> bytes:
        self.socket.settimeout(seconds)
        data: bytes = self.socket.recv(CHUNK) or b""  # urllib3's SSLTransport has a 0 for the end
        return data

    def close(self) -> None:
        """Close it. In a forked child this says nothing to the receiver: Python's sockets send no close_notify."""
        with contextlib.suppress(OSError):
            self.socket.close()


_POST = h11.Request(method="POST", target="/", headers=[("Host", "")])
_CONNECT = h11.Request(method="CONNECT", target="/", headers=[("Host", "")])


def _protocol(request: h11.Request) -> h11.Connection:
    """What reads the answer to such a request."""
    protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
    protocol.send(request)
    protocol.send(h11.EndOfMessage())
    return protocol


def _pending(connection: Any) -> int:
    """Octets that came and that the socket itself no longer has: TLS has read them."""
    if isinstance(connection, socket.socket):
        return connection.pending() if isinstance(connection, ssl.SSLSocket) else 0
    from pulp_events_http.connections.tls_in_tls import pending

    return pending(connection)
