"""Connecting within one deadline: the look-up, each address, and what follows on the socket."""

from __future__ import annotations

import errno
import socket
import threading
import time

import pytest

from pulp_events.deadline import Deadline, connect, look_up, open_tcp


@pytest.fixture
def deadline():
    made = Deadline()
    made.start(60)
    return made


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def names(monkeypatch):
    """Addresses that a name has, beside those that the system knows."""
    known, look_up = {}, socket.getaddrinfo

    def look(host, port, *rest):
        if host not in known:
            return look_up(host, port, *rest)
        if isinstance(known[host], threading.Event):
            known[host].wait(60)
            return []
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return known


def port_of(server):
    return server.getsockname()[1]


@pytest.mark.parametrize("make", [connect, open_tcp])
def test_the_first_address_that_takes_the_connection_is_used(deadline, server, names, make):
    names["two.example"] = ["127.0.0.2", "127.0.0.1"]  # nobody listens at the first
    with make("two.example", port_of(server), deadline) as made:
        assert made.getpeername() == server.getsockname()
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_address_that_the_caller_refuses_is_not_connected_to(deadline, server, names):
    names["two.example"] = ["127.0.0.1", "127.0.0.2"]
    asked = []

    def refuse(address):
        asked.append(address)
        raise PermissionError(errno.EACCES, f"{address} is not allowed")

    server.settimeout(0.05)
    with pytest.raises(PermissionError, match=r"127\.0\.0\.2 is not allowed"):
        open_tcp("two.example", port_of(server), deadline, refuse)
    assert asked == ["127.0.0.1", "127.0.0.2"]
    with pytest.raises(TimeoutError):
        server.accept()


def test_an_address_that_does_not_answer_leaves_time_for_the_next(server, names):
    names["two.example"] = ["127.0.0.2", *["127.0.0.1"] * 60]  # so that the first has half a second of the thirty
    with socket.create_server(("127.0.0.2", port_of(server)), backlog=0) as full:
        # The kernel drops what comes to a full queue, as a firewall does.
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        deadline = Deadline()
        deadline.start(30)
        with open_tcp("two.example", port_of(server), deadline) as made:
            assert made.getpeername() == server.getsockname()
        for one in waiting:
            one.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "127.1", "0x7f.0.0.1", "127.0.0.1 "])
def test_an_address_in_numbers_is_what_the_system_takes_it_for(deadline, host):
    try:
        expected: object = socket.getaddrinfo(host, 80, 0, socket.SOCK_STREAM)
    except OSError as error:
        expected = type(error)
    try:
        found: object = look_up(host, 80, deadline)
    except OSError as error:
        found = type(error)
    assert found == expected


@pytest.mark.parametrize("seconds", [0.1, 0.0])
def test_a_look_up_that_hangs_ends_with_the_deadline(names, seconds):
    names["slow.example"] = threading.Event()
    deadline = Deadline()
    deadline.start(seconds)  # none: as where the machine is busy, and it is over when the look-up's thread runs
    with pytest.raises(TimeoutError, match=r"slow\.example"):
        open_tcp("slow.example", 80, deadline)
    names["slow.example"].set()


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "a..example"])
def test_a_name_that_cannot_be_one_is_a_failed_look_up(deadline, host):
    with pytest.raises(socket.gaierror):
        open_tcp(host, 80, deadline)


def test_many_reads_of_little_end_with_the_deadline(server):
    def drip():
        with server.accept()[0] as client:
            while not over.wait(0.02):
                client.send(b".")

    over = threading.Event()
    thread = threading.Thread(target=drip)
    thread.start()
    deadline = Deadline()
    deadline.start(60)
    with connect("127.0.0.1", port_of(server), deadline) as made:
        deadline.start(0.3)
        try:
            with pytest.raises(TimeoutError):
                while time.monotonic() < deadline._at + 5:
                    made.recv(1)
        finally:  # before it is closed: nothing can be sent to what is
            over.set()
            thread.join()
