"""Logging in by each mechanism, and what becomes of one that is refused."""

from __future__ import annotations

import pytest

from pulp_events import TransientFailure
from pulp_events.testing.smtp_sink import DROP, SmtpSink

ALL = ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")
CREDENTIALS = {"username": "adm", "password": "hunter2 ü"}


@pytest.mark.parametrize("mechanism", ALL)
def test_each_mechanism_logs_in(open_channel, delivery, mechanism) -> None:
    with (
        SmtpSink(credentials=("adm", "hunter2 ü"), mechanisms=[mechanism]) as sink,
        open_channel(sink, auth=mechanism.lower(), **CREDENTIALS) as channel,
    ):
        channel.send(delivery)
        (received,) = sink.wait_for(1)
    assert received.user == "adm"


@pytest.mark.parametrize("mechanism", ALL)
def test_a_wrong_password_is_transient_says_where_to_look_and_shows_nothing(
    open_channel, delivery, mechanism, failure_of
) -> None:
    with (
        SmtpSink(credentials=("adm", "right"), mechanisms=[mechanism]) as sink,
        open_channel(sink, auth=mechanism.lower(), **CREDENTIALS) as channel,
    ):
        failure = failure_of(channel, delivery)
        assert type(failure) is TransientFailure
        assert "535" in str(failure)
        assert "[email]" in str(failure)
        assert "hunter2" not in str(failure) + repr(failure.__cause__)
        assert sink.received == []


@pytest.mark.parametrize(("offered", "used"), [(ALL, "CRAM-MD5"), (("PLAIN", "LOGIN"), "PLAIN"), (("LOGIN",), "LOGIN")])
def test_auto_takes_the_best_that_is_offered_in_the_clear(offered, used) -> None:
    from pulp_events_email.login import _choose

    assert _choose("auto", list(offered), encrypted=False) == used.lower()


def test_auto_takes_plain_within_tls_as_servers_with_hashed_passwords_can() -> None:
    from pulp_events_email.login import _choose

    assert _choose("auto", list(ALL), encrypted=True) == "plain"


def test_a_mechanism_that_is_not_offered_is_named_with_those_that_are(open_channel, delivery, failure_of) -> None:
    with (
        SmtpSink(credentials=("adm", "x"), mechanisms=["LOGIN"]) as sink,
        open_channel(sink, auth="xoauth2", **CREDENTIALS) as channel,
    ):
        assert "no XOAUTH2 to log in with, but LOGIN" in str(failure_of(channel, delivery))


def test_a_password_file_is_read_anew_at_each_log_in(open_channel, delivery, failure_of, tmp_path) -> None:
    file = tmp_path / "token"
    with (
        SmtpSink(credentials=("adm", "second"), mechanisms=["XOAUTH2"]) as sink,
        open_channel(sink, auth="xoauth2", username="adm", password_file=str(file)) as channel,
    ):
        assert f"password_file {file} cannot be read: No such file" in str(failure_of(channel, delivery))
        file.write_text("first\n")
        assert "535" in str(failure_of(channel, delivery))
        file.write_text("")
        assert f"password_file {file} is empty" in str(failure_of(channel, delivery))
        file.write_text("second\n")
        channel.send(delivery)
        assert len(sink.wait_for(1)) == 1


@pytest.mark.parametrize("answer", [DROP, "421 4.3.2 Shutting down"])
def test_a_server_that_goes_away_at_log_in_is_no_wrong_password(open_channel, delivery, failure_of, answer) -> None:
    with (
        SmtpSink(credentials=("adm", "hunter2 ü")) as sink,
        open_channel(sink, **CREDENTIALS) as channel,
    ):
        sink.reply("AUTH", answer, times=1)
        assert "it closed the connection" in str(failure_of(channel, delivery))
        channel.send(delivery)
        assert len(sink.wait_for(1)) == 1


def test_a_server_without_log_in_is_told_apart_from_a_wrong_password(open_channel, delivery, failure_of) -> None:
    with SmtpSink(mechanisms=()) as sink, open_channel(sink, **CREDENTIALS) as channel:
        assert "offers no log-in on this connection; check `security`" in str(failure_of(channel, delivery))
