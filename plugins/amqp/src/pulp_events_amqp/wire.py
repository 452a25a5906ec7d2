"""`Wire`: bytes between proton's transport and the socket."""

from __future__ import annotations

import socket
import ssl
import time

from proton import Transport

from pulp_events_amqp.opening import HEADER

_CHUNK = 256 * 1024
"""Bytes read from the socket, or written to it, at once."""

_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Linux has it (tcp(7)); elsewhere the system's own way of acknowledging has to do."""

_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class WireClosed(Exception):
    """Nothing more comes or goes."""


class Wire:
    """Used on the engine's thread. The socket does not block."""

    def __init__(self, sock: socket.socket, transport: Transport) -> None:
        self.heard = time.monotonic()
        """When the broker last said something."""

        self.first = b""
        """What it said first, up to eight bytes: the length of AMQP's header."""

        self._socket = sock
        self._transport = transport

    def write(self) -> bool:
        """Send what proton has for the broker; True if the socket takes no more for now.

        Raises WireClosed when proton has closed its side, OSError as the socket does.
        """
        while (pending := self._transport.pending()) > 0:
            try:
                sent = self._socket.send(self._transport.peek(min(pending, _CHUNK)) or b"")
            except _LATER:
                return True
            self._transport.pop(sent)
        if pending < 0:
            raise WireClosed
        return False

    def read(self) -> None:
        """Hand proton what has come. Raises WireClosed at the end, OSError as the socket does."""
        while True:
            capacity = self._transport.capacity()
            if capacity < 0:
                raise WireClosed
            if capacity == 0:
                return
            try:
                data = self._socket.recv(min(capacity, _CHUNK))
            except _LATER:
                return
            if not data:
                self._transport.close_tail()
                raise WireClosed
            self.heard = time.monotonic()
            if len(self.first) < HEADER:
                self.first += data[: HEADER - len(self.first)]
            self._transport.push(data)
            self._acknowledge()
            if not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
                return

    def _acknowledge(self) -> None:
        """Have what came acknowledged at once.

        A broker without TCP_NODELAY (ActiveMQ Classic) holds back a small segment until its last one is acknowledged
        (RFC 896), and we, having nothing to say to it, would take up to 40 ms for that (RFC 1122 §4.2.3.2). Linux falls
        back to delaying by itself, so it has to be told each time.
        """
        if _QUICKACK is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
