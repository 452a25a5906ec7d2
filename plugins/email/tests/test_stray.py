"""Answers that nothing was asked for: the next one must never be taken for that of another command."""

from __future__ import annotations

import ssl

import pytest

from pulp_events import PermanentFailure, TransientFailure


@pytest.fixture(params=["PIPELINING", "HELP"])
def extensions(request) -> str:
    return request.param


def _channel(open_channel, server, **settings):
    return open_channel(None, host="127.0.0.1", port=server.port, **settings)


@pytest.mark.parametrize("stray", ["250 stray", "421 4.4.2 idle", "gibberish", "354 go"])
def test_a_stray_answer_after_a_message_is_no_answer_to_the_next(
    open_channel, scripted, delivery, failure_of, extensions, stray
) -> None:
    def say(command: str, connection: int, count: int) -> str | None:
        if command == "DOT":
            return f"250 2.0.0 first\r\n{stray}" if connection == 1 else "554 5.6.0 refused"
        return None

    with scripted(say, extensions=extensions) as server, _channel(open_channel, server) as channel:
        channel.send(delivery)
        assert channel.detail == "250 2.0.0 first"
        assert server.answered.wait(60)
        failure = failure_of(channel, delivery)
        assert (type(failure), str(failure)) == (PermanentFailure, "DATA: 554 5.6.0 refused")
        assert server.connections == 2


def test_one_that_comes_late_is_found_within_tls_too(
    open_channel, scripted, delivery, failure_of, authority, tmp_path, extensions
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def say(command: str, connection: int, count: int) -> str | None:
        if command == "DOT":
            return "250 2.0.0 OK\r\n250 stray" if connection == 1 else "554 5.6.0 refused"
        return None

    with (
        scripted(say, extensions=extensions, smtps=context) as server,
        _channel(open_channel, server, security="smtps", ca_path=str(tmp_path / "ca.pem")) as channel,
    ):
        channel.send(delivery)
        assert server.answered.wait(60)
        assert str(failure_of(channel, delivery)) == "DATA: 554 5.6.0 refused"
        assert server.connections == 2


@pytest.mark.parametrize(
    ("extensions", "command"),  # with PIPELINING one at RCPT is the answer to DATA
    [("PIPELINING", "DATA")] + [("HELP", command) for command in ("CONNECT", "EHLO", "RCPT", "DATA")],
)
def test_on_a_new_connection_it_is_told_and_nothing_is_sent(
    open_channel, scripted, delivery, failure_of, extensions, command
) -> None:
    usual = {"CONNECT": "220 x", "EHLO": "250 x", "RCPT": "250 OK", "DATA": "354 go"}

    def say(now: str, connection: int, count: int) -> str | None:
        return f"{usual[now]}\r\n250 stray" if now == command else None

    with scripted(say, extensions=extensions) as server, _channel(open_channel, server) as channel:
        failure = failure_of(channel, delivery)
        assert type(failure) is TransientFailure
        assert str(failure).endswith("it sent 250 stray unprompted; the connection was closed")
        assert server.messages == []


def test_a_connection_that_was_closed_is_replaced_before_anything_is_sent_on_it(
    open_channel, scripted, delivery
) -> None:
    def say(command: str, connection: int, count: int) -> str | None:
        return "250 ok\r\n421 4.4.2 idleclose" if command == "DOT" else None

    with scripted(say) as server, _channel(open_channel, server) as channel:
        for _ in range(3):
            channel.send(delivery)
        assert (server.connections, len([one for one in server.lines if one.startswith(b"MAIL")])) == (3, 3)
