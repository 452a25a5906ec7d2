"""`FaultProxy`: stands before any TCP server and lets things go wrong on the way to it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Literal

from pulp_events.testing.meeting import Meeting

Fault = Literal["none", "refuse", "hang", "slow", "reset", "garbage", "half-closed"]

SLOW = 0.02
"""Seconds before each byte of an answer with the fault `slow`."""


class FaultProxy:
    """Listens on 127.0.0.1 and forwards connections to `port`, with the fault that `fault` names; a context manager.

    - `none`: no fault
    - `refuse`: connections are refused, as if the server were down
    - `hang`: connections are accepted, and nothing is ever sent
    - `slow`: the server's answers arrive one byte at a time
    - `reset`: the connection is reset after the client has sent something
    - `garbage`: the client gets meaningless bytes
    - `half-closed`: the client's connection is closed for reading, and nothing is forwarded

    `fault` may be changed at any time; it applies to connections made afterwards. `cut_at` has bytes at which any
    connection ends when the client sends them; `cuts` counts those. `meeting` holds answers until several reports came.
    """

    host = "127.0.0.1"

    def __init__(self, port: int) -> None:
        self._server = port
        self._fault: Fault = "none"
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.connections: int = 0
        """How many connections were made so far."""
        self.cut_at = b""
        """End a connection when the client sends these bytes, and pass nothing on that comes with them; empty: none."""
        self.cuts: int = 0
        """How many connections were ended so."""
        self.meeting: Meeting | None = None
        """Hold what the server answers where one of its marks was sent, until all of them were; None: hold nothing."""
        self._listener: socket.socket | None = None
        self.port: int = 0
        self._place = self._bound()
        self.port = self._place.getsockname()[1]
        self._listen()

    @property
    def behind(self) -> int:
        """Port of the server. It may be changed at any time, as for a server that is back on another port."""
        return self._server

    @behind.setter
    def behind(self, port: int) -> None:
        self._server = port

    @property
    def fault(self) -> Fault:
        """What goes wrong with the next connections."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._fault = fault
        if fault == "refuse":
            self._close_listener()
        elif self._listener is None:
            self._listen()

    def drop(self) -> None:
        """Close every connection that is open now."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            _shut(connection)

    def close(self) -> None:
        """Stop."""
        self._close_listener()
        self._place.close()
        self.drop()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _bound(self) -> socket.socket:
        """A socket that has the port, with others of ours. One of them stays, and never listens: otherwise the port
        would be free while connections are refused, and a server of another test could get it and answer there."""
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((self.host, self.port))
        return bound

    def _listen(self) -> None:
        listener = self._listener = self._bound()
        listener.listen(128)
        threading.Thread(target=self._accept, args=(listener,), name=f"fault-proxy-{self.port}", daemon=True).start()

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            _shut(listener)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            with self._lock:
                self._open.add(client)
            threading.Thread(target=self._serve, args=(client, self._fault), daemon=True).start()

    def _serve(self, client: socket.socket, fault: Fault) -> None:
        with contextlib.suppress(OSError):
            if fault == "hang":
                while client.recv(65536):
                    pass
            elif fault == "reset":
                client.recv(1)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif fault == "garbage":
                client.sendall(bytes(range(128, 256)) * 8 + b"\r\n\r\n")
            elif fault == "half-closed":
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
            else:
                self._pass_on(client, slow=fault == "slow")
        self._forget(client)

    def _pass_on(self, client: socket.socket, slow: bool) -> None:
        server = socket.create_connection((self.host, self._server))
        with self._lock:
            self._open.add(server)
        line = object()
        pause = SLOW if slow else 0.0
        back = threading.Thread(target=self._copy, args=(server, client, pause, line), daemon=True)
        back.start()
        self._forward(client, server, line)
        back.join(30)
        self._forget(server)

    def _forward(self, client: socket.socket, server: socket.socket, line: object) -> None:
        before = b""
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self.cut_at and self.cut_at in before + data:
                    self.cuts += 1
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    _shut(server)
                    return
                before = data[-len(self.cut_at) :] if self.cut_at else b""
                if (meeting := self.meeting) is not None:
                    meeting.saw(data, line)
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _copy(self, source: socket.socket, target: socket.socket, pause: float, line: object) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if (meeting := self.meeting) is not None:
                    meeting.wait(line)
                if not pause:
                    target.sendall(data)
                    continue
                for byte in data:
                    time.sleep(pause)
                    target.sendall(bytes([byte]))
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _forget(self, connection: socket.socket) -> None:
        connection.close()  # first: what is not among the open ones is closed
        with self._lock:
            self._open.discard(connection)


def _shut(connection: socket.socket) -> None:
    # shutdown wakes a thread that waits in accept() or recv(); close alone would not
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
