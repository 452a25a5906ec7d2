"""A mail server whose name has several addresses: one that is of no use leads on to the next (RFC 5321 §5.1)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from pulp_events import TimedOut, TransientFailure
from pulp_events.testing.smtp_sink import HANG, SmtpSink

GOOD, BAD, WORSE = "127.0.0.1", "127.0.0.2", "127.0.0.3"


@pytest.fixture
def named(monkeypatch) -> Callable[..., None]:
    """Gives `mail.test` these addresses; all else is looked up as ever."""
    real = socket.getaddrinfo

    def naming(*addresses: str) -> None:
        def look_up(host, port, *rest, **more):
            if host != "mail.test":
                return real(host, port, *rest, **more)
            return [found for address in addresses for found in real(address, port, *rest, **more)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return naming


@contextlib.contextmanager
def serving(port: int, behave: Callable[[socket.socket], None], address: str = BAD) -> Iterator[list[int]]:
    """A server at another address and the same port; yields a list with an entry for each connection."""
    calls: list[int] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                calls.append(1)
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(60)
                    behave(connection)

    listener = socket.create_server((address, port))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield calls
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@contextlib.contextmanager
def swallowing(port: int, address: str = BAD) -> Iterator[None]:
    """An address whose packets get no answer: the listener's queue is full, so the kernel drops what comes."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((address, port))
        yield


def closes(connection: socket.socket) -> None:
    """Says nothing."""


def answers_421(connection: socket.socket) -> None:
    connection.sendall(b"421 4.3.2 busy\r\n")


def answers_554(connection: socket.socket) -> None:
    connection.sendall(b"554 no SMTP service here\r\n")


def speaks_no_smtp(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def closes_at_ehlo(connection: socket.socket) -> None:
    connection.sendall(b"220 hello\r\n")
    connection.recv(100)


def is_silent(connection: socket.socket) -> None:
    connection.recv(100)


@pytest.mark.parametrize("behave", [closes, answers_421, answers_554, speaks_no_smtp, closes_at_ehlo, is_silent])
def test_an_address_that_does_not_greet_leads_on_to_the_next(open_channel, delivery, named, behave) -> None:
    named(BAD, GOOD)
    with SmtpSink() as sink, serving(sink.port, behave) as calls:
        with open_channel(None, host="mail.test", port=sink.port, timeout="2s") as channel:
            channel.send(delivery)
        assert len(sink.wait_for(1)) == len(calls) == 1


def test_an_address_that_swallows_packets_takes_only_its_share_of_the_time(open_channel, delivery, named) -> None:
    named(BAD, WORSE, GOOD)
    with SmtpSink() as sink, swallowing(sink.port), swallowing(sink.port, WORSE):
        with open_channel(None, host="mail.test", port=sink.port, timeout="1500ms") as channel:
            channel.send(delivery)
        assert len(sink.wait_for(1)) == 1


def test_a_certificate_that_is_not_valid_leads_on_too(open_channel, delivery, named, authority, tmp_path) -> None:
    named(BAD, GOOD)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    right, wrong = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
    authority.issue_cert("mail.test").configure_cert(right)
    authority.issue_cert("other.test").configure_cert(wrong)

    def another(connection: socket.socket) -> None:
        with wrong.wrap_socket(connection, server_side=True) as secure:
            secure.sendall(b"220 hello\r\n")

    with SmtpSink(smtps=right) as sink, serving(sink.port, another):
        where = {"host": "mail.test", "port": sink.port, "security": "smtps", "ca_path": str(tmp_path / "ca.pem")}
        with open_channel(None, **where) as channel:
            channel.send(delivery)
        assert len(sink.wait_for(1)) == 1


def test_the_address_that_answered_is_the_first_next_time(open_channel, delivery, named) -> None:
    named(BAD, GOOD)
    with SmtpSink() as sink, serving(sink.port, closes) as calls:
        with open_channel(None, host="mail.test", port=sink.port) as channel:
            for count in (1, 2, 3):
                channel.send(delivery)
                sink.drop_connections()
                assert len(sink.wait_for(count)) == sink.connections == count
        assert len(calls) == 1


def test_where_none_answers_each_is_told_with_its_reason(open_channel, delivery, named, failure_of) -> None:
    named(BAD, WORSE, GOOD)
    with SmtpSink() as sink:
        pass
    with serving(sink.port, answers_421), open_channel(None, host="mail.test", port=sink.port) as channel:
        failure = failure_of(channel, delivery)
    assert type(failure) is TransientFailure
    assert str(failure) == (
        f"mail.test:{sink.port}: none of its 3 addresses can be used: {BAD}: 421 4.3.2 busy; "
        f"{WORSE}: the connection failed: Connection refused; {GOOD}: the connection failed: Connection refused"
    )


def test_a_refused_log_in_is_not_tried_at_every_address(open_channel, delivery, named, failure_of) -> None:
    named(GOOD, BAD)
    with SmtpSink(credentials=("adm", "right")) as sink, serving(sink.port, closes) as calls:
        where = {"host": "mail.test", "port": sink.port, "username": "adm", "password": "wrong", "auth": "plain"}
        with open_channel(None, **where) as channel:
            assert "refused to log adm in by PLAIN with 535" in str(failure_of(channel, delivery))
        assert calls == []


def test_all_addresses_together_keep_to_the_time_limit(open_channel, delivery, named, failure_of) -> None:
    named(BAD, GOOD)
    with SmtpSink() as sink, serving(sink.port, is_silent):
        sink.reply("CONNECT", HANG)
        with open_channel(None, host="mail.test", port=sink.port, timeout="300ms") as channel:
            assert "no answer in time" in str(failure_of(channel, delivery))


def test_a_look_up_that_hangs_ends_with_the_time_limit(open_channel, delivery, failure_of, monkeypatch) -> None:
    free = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: free.wait(60))
    with open_channel(None, host="mail.test", timeout="200ms") as channel:
        assert type(failure_of(channel, delivery)) is TimedOut
    free.set()


@pytest.mark.parametrize("extensions", ["PIPELINING", "HELP"])
@pytest.mark.parametrize("command", ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", ["421 4.3.2 busy", "421 4.3.2 busyclose", "close"])
def test_a_server_that_ends_a_new_connection_before_the_message_leads_on(
    open_channel, scripted, delivery, failure_of, named, extensions, command, answer
) -> None:
    named(BAD, GOOD)
    where = {"host": "mail.test", "username": "adm", "password": "hunter2"}
    offers = f"{extensions}\r\n250-AUTH PLAIN"

    def say(now: str, connection: int, count: int) -> str | None:
        return answer if now == command else "235 OK" if now == "AUTH" else None

    def log_in(now: str, connection: int, count: int) -> str | None:
        return "235 OK" if now == "AUTH" else None

    with (
        scripted(log_in, extensions=offers) as good,
        scripted(say, address=BAD, port=good.port, extensions=offers) as bad,
        open_channel(None, port=good.port, **where) as channel,
    ):
        channel.send(delivery)
        channel.send(delivery)
        assert (bad.connections, good.connections, len(good.messages)) == (1, 1, 2)


def test_a_refusal_that_is_no_farewell_does_not(open_channel, scripted, delivery, failure_of, named) -> None:
    named(BAD, GOOD)

    def say(command: str, connection: int, count: int) -> str | None:
        return "451 4.7.1 Later" if command == "MAIL" else None

    with (
        scripted(lambda *_: None) as good,
        scripted(say, address=BAD, port=good.port) as bad,
        open_channel(None, host="mail.test", port=good.port) as channel,
    ):
        assert str(failure_of(channel, delivery)) == "MAIL: 451 4.7.1 Later"
        assert (bad.connections, good.connections) == (1, 0)


def test_where_all_end_it_each_is_told_with_its_words(open_channel, scripted, delivery, failure_of, named) -> None:
    named(BAD, GOOD)

    def say(command: str, connection: int, count: int) -> str | None:
        return "421 4.3.2 busy" if command == "MAIL" else None

    with (
        scripted(say) as good,
        scripted(say, address=BAD, port=good.port),
        open_channel(None, host="mail.test", port=good.port) as channel,
    ):
        assert str(failure_of(channel, delivery)) == (
            f"mail.test:{good.port}: none of its 2 addresses can be used: {BAD}: MAIL: 421 4.3.2 busy; "
            f"{GOOD}: MAIL: 421 4.3.2 busy"
        )
