"""A SOCKS server: version 5 (RFC 1928, user name and password by RFC 1929), 4 and 4a; CONNECT only."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Socks:
    """Where it listens, how it behaves, and what it was asked for."""

    port: int = 0
    account: tuple[bytes, bytes] | None = None
    """User name and password that are asked for."""
    refusal: int = 0
    """Answer every request with this status; 0: connect."""
    drip: float = 0.0
    """Seconds before each byte of ours while we negotiate."""
    hosts: dict[str, str] = field(default_factory=dict)
    """Names that only this server can look up."""
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    """Kind of the address (`ipv4`, `ipv6`, `name`), address, port."""


@contextlib.contextmanager
def socks_server(**how: object) -> Iterator[Socks]:
    """Run one on a free port of 127.0.0.1."""
    socks = Socks(**how)  # type: ignore[arg-type]

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError, EOFError):
                _serve(self.request, socks)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        socks.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield socks
        finally:
            server.shutdown()
            thread.join()


def _serve(client: socket.socket, socks: Socks) -> None:
    def say(data: bytes) -> None:
        for number in range(len(data)) if socks.drip else ():
            time.sleep(socks.drip)
            client.sendall(data[number : number + 1])
        if not socks.drip:
            client.sendall(data)

    version = _exactly(client, 1)
    if version == b"\x04":
        status, place = _version_4(client, socks), struct.pack(">H4s", 0, b"\0" * 4)
        answer = b"\0" + bytes([0x5A if status is not None else 0x5B]) + place
    else:
        if not _welcome(client, socks, say):
            return
        status = _version_5(client, socks)
        code = socks.refusal if status is None else 0
        answer = b"\x05" + bytes([code]) + b"\0\x01" + b"\0" * 6
    say(answer)
    if status is not None:
        with status:
            _relay(client, status)


def _welcome(client: socket.socket, socks: Socks, say) -> bool:
    methods = _exactly(client, _exactly(client, 1)[0])
    wanted = 0 if socks.account is None else 2
    if wanted not in methods:
        say(b"\x05\xff")
        return False
    say(bytes([5, wanted]))
    if socks.account is not None:
        assert _exactly(client, 1) == b"\x01"
        given = _exactly(client, _exactly(client, 1)[0]), _exactly(client, _exactly(client, 1)[0])
        say(b"\x01" + bytes([given != socks.account]))
        return given == socks.account
    return True


def _version_5(client: socket.socket, socks: Socks) -> socket.socket | None:
    assert _exactly(client, 3) == b"\x05\x01\x00"  # version, CONNECT, reserved
    kind = _exactly(client, 1)[0]
    if kind == 3:
        host = _exactly(client, _exactly(client, 1)[0]).decode()
    else:
        host = socket.inet_ntop(
            *((socket.AF_INET, _exactly(client, 4)) if kind == 1 else (socket.AF_INET6, _exactly(client, 16)))
        )
    (port,) = struct.unpack(">H", _exactly(client, 2))
    return _connect(socks, {1: "ipv4", 3: "name", 4: "ipv6"}[kind], host, port)


def _version_4(client: socket.socket, socks: Socks) -> socket.socket | None:
    command, port, address = struct.unpack(">BH4s", _exactly(client, 7))
    assert command == 1
    user = _until_zero(client)
    if socks.account is not None and user != socks.account[0]:
        return None
    if address[:3] == b"\0\0\0" and address[3]:  # 4a: a name follows
        return _connect(socks, "name", _until_zero(client).decode(), port)
    return _connect(socks, "ipv4", socket.inet_ntoa(address), port)


def _connect(socks: Socks, kind: str, host: str, port: int) -> socket.socket | None:
    socks.asked.append((kind, host, port))
    return None if socks.refusal else socket.create_connection((socks.hosts.get(host, host), port), timeout=60)


def _relay(one: socket.socket, other: socket.socket) -> None:
    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=copy, args=(other, one), daemon=True)
    back.start()
    copy(one, other)
    back.join(30)


def _exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = client.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def _until_zero(client: socket.socket) -> bytes:
    data = b""
    while (byte := _exactly(client, 1)) != b"\0":
        data += byte
    return data
