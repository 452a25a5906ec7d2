"""How the server ends, and what slow readers do to it."""

import socket
import threading
import time

import pytest

from pulp_events_web import create_app
from pulp_events_web.access.listening import Address
from pulp_events_web.api import tail
from pulp_events_web.commands.server import Server
from pulp_events_web.context import context, stopping
from pulp_events_web.principal import Role

from .access.raw import ask, connect, read, status


def test_a_request_under_way_is_answered_whole_and_no_other_one_taken(bus):
    app = create_app(bus)
    began, go, stop = threading.Event(), threading.Event(), threading.Event()

    def slow():
        began.set()
        go.wait(60)
        return "x" * 20_000_000

    app.add_url_rule("/slow", "slow", slow)
    server = Server(app, Address("127.0.0.1", 0), app.extensions["pulp_events_web"].settings)
    port = server.port
    thread = threading.Thread(target=server.run, args=(stop.is_set, 60.0, 0.02))
    thread.start()
    with connect(port) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert began.wait(60)
        stop.set()
        while True:
            try:
                connect(port).close()
            except OSError:
                break
        go.set()
        answer = read(connection)
    thread.join(60)
    assert not thread.is_alive()
    assert status(answer) == 200 and answer.endswith("x" * 20_000_000)


def test_an_answer_without_end_hears_that_the_server_ends(bus):
    app = create_app(bus)

    def endless():
        ends = context().stopping

        def parts():
            while not ends.wait(0.01):
                yield "x\n"

        return app.response_class(parts())

    app.add_url_rule("/endless", "endless", endless)
    stop = threading.Event()
    server = Server(app, Address("127.0.0.1", 0), app.extensions["pulp_events_web"].settings)

    def ending():
        if stop.is_set():
            stopping(app)
        return stop.is_set()

    thread = threading.Thread(target=server.run, args=(ending, 60.0, 0.02))
    thread.start()
    with connect(server.port) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        stop.set()
        read(connection)
    thread.join(45)  # well before the grace of a minute
    assert not thread.is_alive()


def test_the_place_of_a_stream_is_free_as_soon_as_its_reader_has_gone(bus, tokens, monkeypatch):
    monkeypatch.setattr(tail, "HEARTBEAT", 3600.0)  # nothing is written by which it would be noticed
    app = create_app(bus, {"threads": 2})
    stop = threading.Event()
    server = Server(app, Address("127.0.0.1", 0), app.extensions["pulp_events_web"].settings)
    thread = threading.Thread(target=server.run, args=(stop.is_set, 1.0, 0.02))
    thread.start()
    secret, _ = tokens.create("a viewer", Role.VIEWER, None)
    for _ in range(3):  # there is place for one
        with connect(server.port) as connection:
            connection.sendall(
                f"GET /api/v1/tail HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n\r\n".encode()
            )
            said = b""
            while b"\nid: " not in said:  # what is left unread would end the connection by a reset, which is noticed
                said += connection.recv(1000)
            time.sleep(0.1)
        end = time.monotonic() + 60
        while app.extensions["pulp_events_web_tails"].streams.open:
            assert time.monotonic() < end
            time.sleep(0.02)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture
def large(serve, bus):
    """A server with two threads, all of which an answer that nobody reads would keep; and how many were given back."""
    given_back = []

    def answer(app):
        def parts():
            try:
                while True:
                    yield b"x" * 1_000_000
            finally:
                given_back.append(1)

        app.add_url_rule("/large", "large", lambda: app.response_class(parts()))

    return serve(changed=answer, threads=2, request_timeout=1.0), given_back


@pytest.mark.parametrize("octets", [0, 1000])
def test_a_client_that_does_not_read_keeps_no_thread(large, octets):
    port, given_back = large
    request = b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with connect(port) as one, connect(port) as other:
        for each in (one, other):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            each.sendall(request)
        end = time.monotonic() + 60
        while len(given_back) < 2 and time.monotonic() < end:
            if octets:
                one.recv(octets), other.recv(octets)
            time.sleep(0.5)
        assert len(given_back) == 2
        assert status(ask(port, "GET /login HTTP/1.1")) == 200


def test_one_that_reads_slowly_and_enough_has_the_whole_answer(serve):
    port = serve(changed=lambda app: app.add_url_rule("/some", "some", lambda: "x" * 200_000), request_timeout=1.0)
    with connect(port) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /some HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        found = 0
        while piece := connection.recv(20_000):
            found += len(piece)
            time.sleep(0.02)
    assert found > 200_000
