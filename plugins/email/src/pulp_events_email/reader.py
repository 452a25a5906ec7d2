"""Reads the server's lines, and knows when there is more than was asked for."""

from __future__ import annotations

import select
import socket
import ssl


class LineReader:
    """What smtplib reads answers from, in place of `socket.makefile`: a buffer that can be looked into."""

    CHUNK = 8192
    """Octets that are read at once."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._held = b""
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def readline(self, limit: int) -> bytes:
        """The next line with its end; at most `limit` octets, or what there was when the connection was closed."""
        while (end := self._held.find(b"\n", 0, limit) + 1) == 0 and len(self._held) < limit:
            more = self._socket.recv(self.CHUNK)
            if not more:
                break
            self._held += more
        line, self._held = self._held[: end or limit], self._held[end or limit :]
        return line

    def unread(self) -> bytes | None:
        """What has come and was not read; empty if the connection was closed, None if there is nothing. Never waits."""
        ready = self._poll.poll(0)
        if ready or (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
            more = self._receive_now()
            if more is not None:
                self._held += more
                return self._held
        return self._held or None

    def close(self) -> None:
        """Nothing: the socket is its owner's."""

    def _receive_now(self) -> bytes | None:
        """As `recv`, but past the deadline of the socket's class; None where TLS alone had something to say."""
        before = self._socket.gettimeout()
        self._socket.settimeout(0)
        try:
            if isinstance(self._socket, ssl.SSLSocket):
                return bytes(ssl.SSLSocket.read(self._socket, self.CHUNK))
            return socket.socket.recv(self._socket, self.CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:
            return b""  # it was reset
        finally:
            self._socket.settimeout(before)
