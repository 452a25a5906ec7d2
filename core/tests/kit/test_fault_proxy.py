"""While the proxy refuses connections, nobody else gets its port, and it listens there again afterwards."""

import errno
import socket

import pytest

from pulp_events.testing import FaultProxy, HttpSink


def test_a_proxy_that_refuses_keeps_its_port():
    with HttpSink() as sink, FaultProxy(sink.port) as proxy:
        for _ in range(3):
            proxy.fault = "refuse"
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", proxy.port), timeout=30)
            with socket.socket() as thief, pytest.raises(OSError) as raised:
                thief.bind(("127.0.0.1", proxy.port))
            assert raised.value.errno == errno.EADDRINUSE
            proxy.fault = "none"
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as connection:
                connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
        proxy.fault = "refuse"
    HttpSink(port=proxy.port).close()  # it is free once the proxy is closed
