"""`Wire`: bytes between proton's transport and the socket."""

from __future__ import annotations

import socket
import ssl
import time

from proton import Transport

_CHUNK = 256 * 1024
"""Bytes read from the socket, or written to it, at once."""

_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class WireClosed(Exception):
    """Nothing more comes or goes."""


class Wire:
    """Used on the engine's thread. The socket does not block."""

    def __init__(self, sock: socket.socket, transport: Transport) -> None:
        self.heard = time.monotonic()
        """When the broker last said something."""

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
            self._transport.push(data)
            if not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
                return
