"""How the server ends."""

import threading

from pulp_events_web import create_app
from pulp_events_web.access.listening import Address
from pulp_events_web.commands.server import Server
from pulp_events_web.context import context, stopping

from .access.raw import connect, read, status


def test_a_request_under_way_is_answered_whole_and_no_other_one_taken(bus):
    app = create_app(bus)
    began, go, stop = threading.Event(), threading.Event(), threading.Event()

    def slow():
        began.set()
        go.wait(10)
        return "x" * 300_000

    app.add_url_rule("/slow", "slow", slow)
    server = Server(app, Address("127.0.0.1", 0), app.extensions["pulp_events_web"].settings)
    port = server.port
    thread = threading.Thread(target=server.run, args=(stop.is_set, 10.0))
    thread.start()
    with connect(port) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert began.wait(10)
        stop.set()
        server.wake()
        while True:
            try:
                connect(port).close()
            except OSError:
                break
        go.set()
        answer = read(connection)
    thread.join(10)
    assert not thread.is_alive()
    assert status(answer) == 200 and answer.endswith("x" * 300_000)


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

    thread = threading.Thread(target=server.run, args=(ending, 60.0))
    thread.start()
    with connect(server.port) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        stop.set()
        server.wake()
        read(connection)
    thread.join(20)  # well before the grace of a minute
    assert not thread.is_alive()
