"""Logging in by each mechanism, and what becomes of one that is refused."""

from __future__ import annotations

import ssl

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

    assert _choose("auto", list(offered), encrypted=False) == [used.lower()]


def test_auto_takes_plain_within_tls_as_servers_with_hashed_passwords_can() -> None:
    from pulp_events_email.login import _choose

    assert _choose("auto", list(ALL), encrypted=True) == ["plain", "login", "cram-md5"]


def test_a_mechanism_that_is_not_offered_is_named_with_those_that_are(open_channel, delivery, failure_of) -> None:
    with (
        SmtpSink(credentials=("adm", "x"), mechanisms=["LOGIN"]) as sink,
        open_channel(sink, auth="xoauth2", **CREDENTIALS) as channel,
    ):
        assert "no XOAUTH2 for logging in, only LOGIN" in str(failure_of(channel, delivery))


def test_a_password_file_is_read_again_at_each_log_in(open_channel, delivery, failure_of, tmp_path) -> None:
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


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (DROP, "it closed the connection"),
        ("421 4.3.2 Shutting down", "AUTH: 421 4.3.2 Shutting down"),
        ("421 4.3.2 No aHVudGVyMiDDvA== here", "AUTH: 421"),
        ("421 4.3.2 AGFkbQBodW50ZXIyIMO8AGFkbQ", "AUTH: 421"),
    ],
)
def test_a_server_that_goes_away_at_log_in_is_no_wrong_password(
    open_channel, delivery, failure_of, answer, told
) -> None:
    with (
        SmtpSink(credentials=("adm", "hunter2 ü")) as sink,
        open_channel(sink, **CREDENTIALS) as channel,
    ):
        sink.reply("AUTH", answer, times=1)
        assert str(failure_of(channel, delivery)).endswith(told)
        channel.send(delivery)
        assert len(sink.wait_for(1)) == 1


def test_a_server_without_log_in_is_told_apart_from_a_wrong_password(open_channel, delivery, failure_of) -> None:
    with SmtpSink(mechanisms=()) as sink, open_channel(sink, **CREDENTIALS) as channel:
        assert "does not offer login on this connection; check `security`" in str(failure_of(channel, delivery))


@pytest.fixture
def encrypted(authority, tmp_path):
    """Makes a sink that logs in within TLS, and the settings for it."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def making(password: str = "hunter2 ü") -> tuple[SmtpSink, dict[str, str]]:
        sink = SmtpSink(starttls=context, credentials=("adm", password), mechanisms=ALL)
        return sink, {"security": "starttls", "ca_path": str(tmp_path / "ca.pem"), **CREDENTIALS}

    return making


@pytest.mark.parametrize("answer", ["535 5.7.8 Error", "504 5.5.4 Unrecognized", "454 4.7.0 Later", "534 5.7.9 Weak"])
@pytest.mark.parametrize("refused", [1, 2])
def test_within_tls_a_mechanism_that_fails_leads_on_to_the_next(
    open_channel, delivery, encrypted, answer, refused
) -> None:
    sink, settings = encrypted()
    with sink, open_channel(sink, **settings) as channel:
        for mechanism in ("PLAIN", "LOGIN")[:refused]:
            sink.reply(f"AUTH {mechanism}", answer)
        channel.send(delivery)
        assert [one.user for one in sink.wait_for(1)] == ["adm"]
        assert sink.connections == 1


def test_where_all_fail_each_is_named_and_nothing_of_what_was_sent(
    open_channel, delivery, encrypted, failure_of
) -> None:
    sink, settings = encrypted("right")
    with sink, open_channel(sink, **settings) as channel:
        sink.reply("AUTH LOGIN", "504 5.5.4 hunter2 is not a mechanism")
        failure = failure_of(channel, delivery)
    assert str(failure) == (
        "the mail server refused to log adm in by PLAIN with 535, by LOGIN with 504, by CRAM-MD5 with 535; "
        "check username, the password and auth in the section [email]"
    )
    assert failure.credentials


def test_a_mechanism_that_is_chosen_is_the_only_one(open_channel, delivery, encrypted, failure_of) -> None:
    sink, settings = encrypted()
    with sink, open_channel(sink, auth="plain", **settings) as channel:
        sink.reply("AUTH PLAIN", "504 5.5.4 Unrecognized")
        assert "by PLAIN with 504;" in str(failure_of(channel, delivery))


def test_in_the_clear_no_other_is_tried_as_it_may_show_the_password(open_channel, delivery, failure_of) -> None:
    with (
        SmtpSink(credentials=("adm", "right"), mechanisms=ALL) as sink,
        open_channel(sink, **CREDENTIALS) as channel,
    ):
        assert "by CRAM-MD5 with 535;" in str(failure_of(channel, delivery))
        assert not {"AUTH PLAIN", "AUTH LOGIN"} & set(sink.commands)


@pytest.mark.parametrize("answer", [DROP, "421 4.7.0 Too many errors"])
def test_a_server_that_hangs_up_after_the_first_refusal_has_refused(
    open_channel, delivery, encrypted, failure_of, answer
) -> None:
    sink, settings = encrypted("right")
    with sink, open_channel(sink, **settings) as channel:
        sink.reply("AUTH LOGIN", answer)
        assert "by PLAIN with 535;" in str(failure_of(channel, delivery))
