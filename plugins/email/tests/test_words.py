"""What a server says when it sends us away is told, wherever it says so."""

from __future__ import annotations

import pytest

from pulp_events import TransientFailure

PAUSE = "421 4.7.0 Too many connections, try again in 5 minutes"


@pytest.mark.parametrize("ending", ["", "close"])
@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL"])
def test_a_farewell_is_told_and_heeded_at_each_step(
    open_channel, scripted, delivery, failure_of, command, ending
) -> None:
    settings = {"security": "starttls"} if command == "STARTTLS" else {"username": "adm", "password": "hunter2"}

    def say(now: str, connection: int, count: int) -> str | None:
        return f"{PAUSE}{ending}" if now == command else "235 OK" if now == "AUTH" else None

    with (
        scripted(say, extensions="STARTTLS\r\n250-AUTH PLAIN") as server,
        open_channel(None, host="127.0.0.1", port=server.port, **settings) as channel,
    ):
        failure = failure_of(channel, delivery)
    step = "connecting" if command == "CONNECT" else command
    assert type(failure) is TransientFailure
    assert str(failure).removeprefix(f"127.0.0.1:{server.port}: ") == f"{step}: {PAUSE}"
    assert failure.retry_after == 300


@pytest.mark.parametrize(("answer", "told"), [("554 5.3.2 No mail today", "EHLO: 554 5.3.2 No mail today")])
def test_words_before_a_server_closed_the_connection_at_ehlo(
    open_channel, scripted, delivery, failure_of, answer, told
) -> None:
    def say(now: str, connection: int, count: int) -> str | None:
        return f"{answer}close" if now == "EHLO" else None

    with scripted(say) as server, open_channel(None, host="127.0.0.1", port=server.port) as channel:
        assert str(failure_of(channel, delivery)).endswith(told)


def test_a_server_without_ehlo_is_greeted_with_helo(open_channel, scripted, delivery) -> None:
    def say(now: str, connection: int, count: int) -> str | None:
        return "502 5.5.1 Not implemented" if now == "EHLO" else None

    with scripted(say) as server, open_channel(None, host="127.0.0.1", port=server.port) as channel:
        channel.send(delivery)
        assert len(server.messages) == 1
