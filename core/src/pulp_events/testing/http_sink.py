"""`HttpSink`: a real HTTP/1.1 server that keeps what it is sent, and answers or misbehaves as told.

    with HttpSink() as sink:
        ...                                           # something POSTs to sink.url
        (request,) = sink.wait_for(1)
        assert request.headers["content-type"] == "application/json"

    HttpSink(Answer(503, headers={"Retry-After": "5"}))       # every request
    HttpSink([Answer(fault="reset"), Answer()])               # in turn; the last one is repeated
    HttpSink(lambda request: Answer(404) if request.path == "/x" else Answer())

It is written on sockets and not on `http.server`, because benchmarks run against it: an answer costs some 30 µs.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, Self, get_args

Fault = Literal["close", "reset", "garbage", "truncate", "drip", "endless", "hang", "drop"]


@dataclass(frozen=True)
class Request:
    """One request as it came in; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    time: float
    """Seconds since the epoch, when its last byte had come."""

    connection: int
    """Number of the connection that it came on, from 1: two requests with the same number shared it."""


@dataclass(frozen=True)
class Answer:
    """The sink's answer to a request.

    `delay`: seconds before it answers. `fault`: what goes wrong.

    - `close`: the connection is closed without an answer; `reset`: the same with a TCP reset
    - `garbage`: bytes that are not HTTP; `truncate`: closed after half of the answer's body
    - `drip`: the answer, head included, one byte every 50 ms; `endless`: a body that never ends
    - `hang`: no answer until the client disconnects or the sink is closed
    - `drop`: a complete answer that promises to keep the connection open, which is then closed
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    fault: Fault | None = None

    def __post_init__(self) -> None:
        """Raises ValueError or TypeError here, in the test, and not where the sink would answer."""
        if self.fault is not None and self.fault not in get_args(Fault):
            raise ValueError(f"fault={self.fault!r} is unknown; use one of {', '.join(get_args(Fault))}")
        if isinstance(self.status, bool) or not isinstance(self.status, int) or not 100 <= self.status <= 999:
            raise ValueError(f"status={self.status!r} is none; give a number of three digits, such as 503")
        if not isinstance(self.body, bytes):
            raise TypeError(f"body={self.body!r:.60} is of type {type(self.body).__name__}; give bytes")
        if not isinstance(self.headers, Mapping):
            raise TypeError(f"headers={self.headers!r:.60} is no mapping; give one, such as {{'Retry-After': '5'}}")

    def head(self) -> bytes:
        """Status line and headers, with `Content-Length` unless the body is endless."""
        try:
            reason = HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        names = {name.lower() for name in self.headers}
        lines = [f"HTTP/1.1 {self.status} {reason}", *(f"{name}: {value}" for name, value in self.headers.items())]
        if self.fault != "endless" and not names & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


Answering = Answer | Sequence[Answer] | Callable[[Request], Answer]


class HttpSink:
    """A server on 127.0.0.1 and a free port, or `port`; a thread for each connection; a context manager.

    `answer` may be replaced at any time. `ssl_context`: speak HTTPS with it. Raises OSError if `port` is taken, and
    TypeError for an `answer` that is none.
    """

    def __init__(
        self,
        answer: Answering = Answer(),  # noqa: B008
        *,
        ssl_context: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        """What came in, oldest first."""
        self.connections: int = 0
        """How many connections were accepted so far."""
        self.resumed: int = 0
        """How many of them went on with a TLS session of an earlier one."""
        self._ssl_context = ssl_context
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._turn = 0
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url: str = f"{'https' if ssl_context else 'http'}://127.0.0.1:{self.port}"
        self._start(self._accept)

    @property
    def answer(self) -> Answering:
        """What requests are answered with from now on."""
        return self._answer

    @answer.setter
    def answer(self, answer: Answering) -> None:
        if not (isinstance(answer, Answer) or callable(answer) or _are_answers(answer)):
            raise TypeError(
                f"answer={answer!r:.60} is none; give an Answer, such as Answer(503), a list of at least one, or a "
                "function of the request"
            )
        self._answer = answer

    def wait_for(self, count: int, timeout: float = 30.0) -> list[Request]:
        """The requests, once there are at least `count`. Raises AssertionError after `timeout` seconds."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.requests) >= count, timeout):
                raise AssertionError(f"{len(self.requests)} of {count} requests came within {timeout:g} s")
            return list(self.requests)

    def clear(self) -> None:
        """Forget the requests received so far."""
        with self._arrived:
            self.requests.clear()

    def drop_connections(self) -> None:
        """Close the connections that are open now, as a server does that restarts."""
        for connection in list(self._open):
            _shut(connection)

    def close(self) -> None:
        """Stop; returns once all threads have ended."""
        self._closing.set()
        _shut(self._listener)
        self._listener.close()
        self.drop_connections()
        for thread in self._threads:
            thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name=f"http-sink-{self.port}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            if self._closing.is_set():  # it came in while the others were closed
                _shut(connection)
            self._start(self._serve, connection, self.connections)

    def _serve(self, raw: socket.socket, number: int) -> None:
        connection = raw
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._ssl_context is not None:
                connection = self._ssl_context.wrap_socket(raw, server_side=True)
                self._open.add(connection)
                self.resumed += bool(connection.session_reused)
            buffer = b""
            while not self._closing.is_set():
                read = _read_request(connection, buffer, number)
                if read is None:
                    return
                request, buffer = read
                with self._arrived:
                    self.requests.append(request)
                    answer = self._next_answer(request)
                    self._arrived.notify_all()
                if not self._say(connection, answer) or request.headers.get("connection", "").lower() == "close":
                    return
        except (OSError, ValueError):
            pass  # the client went away, or spoke something that is not HTTP
        finally:
            connection.close()  # first: what is not among the open ones is closed
            self._open.discard(raw)
            self._open.discard(connection)

    def _next_answer(self, request: Request) -> Answer:
        answer = self.answer
        if isinstance(answer, Answer):
            return answer
        if callable(answer):
            return answer(request)
        self._turn += 1
        return answer[min(self._turn, len(answer)) - 1]

    def _say(self, connection: socket.socket, answer: Answer) -> bool:
        """Answer; True if the connection may be used for another request."""
        if answer.delay and self._closing.wait(answer.delay):
            return False
        whole = answer.head() + answer.body
        match answer.fault:
            case None:
                connection.sendall(whole)
                return answer.headers.get("Connection", "").lower() != "close"
            case "drop":
                connection.sendall(whole)
            case "reset":
                # RFC 9293 §3.6: with a linger time of zero, close() sends RST.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case "garbage":
                connection.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            case "truncate":
                connection.sendall(whole[: len(whole) - max(1, len(answer.body) // 2)])
            case "hang":
                connection.recv(1)
            case "drip":
                for byte in whole:
                    connection.sendall(bytes([byte]))
                    if self._closing.wait(0.05):
                        break
            case "endless":
                connection.sendall(answer.head())
                while not self._closing.is_set():
                    connection.sendall(b"x" * 16384)
        return False


def _are_answers(given: object) -> bool:
    return isinstance(given, Sequence) and len(given) > 0 and all(isinstance(each, Answer) for each in given)


def _read_request(connection: socket.socket, buffer: bytes, number: int) -> tuple[Request, bytes] | None:
    """The next request and what was read beyond it; None at the end. Raises ValueError for what is not HTTP."""
    while (end := buffer.find(b"\r\n\r\n")) < 0:
        data = connection.recv(65536)
        if not data:
            return None
        buffer += data
    first, *lines = buffer[:end].decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    start = end + 4
    stop = start + int(headers.get("content-length", "0"))
    parts, have = [buffer], len(buffer)
    while have < stop:
        data = connection.recv(min(stop - have, 1 << 20))
        if not data:
            return None
        parts.append(data)
        have += len(data)
    buffer = b"".join(parts) if len(parts) > 1 else buffer
    return Request(method, path, headers, buffer[start:stop], time.time(), number), buffer[stop:]


def _shut(connection: socket.socket) -> None:
    """Wake whoever waits on this socket; its own thread closes it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
