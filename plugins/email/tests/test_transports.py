"""LMTP, Unix sockets, the program sendmail, addresses beyond ASCII."""

from __future__ import annotations

import email
import email.policy
import os
import stat
import time
from pathlib import Path

import pytest

from pulp_events import PermanentFailure, TimedOut, TransientFailure
from pulp_events.testing.smtp_sink import SmtpSink
from pulp_events_email import limits


@pytest.fixture
def socket_path(tmp_path: Path) -> str:
    return str(tmp_path / "lmtp")


@pytest.fixture
def program(tmp_path: Path):
    """Writes a stand-in for sendmail that keeps its arguments and input, then does what `script` says."""

    def writing(script: str) -> str:
        path = tmp_path / "sendmail"
        path.write_text(
            f'#!/bin/sh\nfor a in "$@"; do echo "$a"; done >{tmp_path}/args\ncat >{tmp_path}/mail\n{script}\n'
        )
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        return str(path)

    return writing


def test_lmtp_greets_with_lhlo_and_delivers(open_channel, delivery, to) -> None:
    with SmtpSink(lmtp=True) as sink, open_channel(sink, transport="lmtp") as channel:
        channel.send(delivery)
        channel.send(to("another@redhat.com"))
        assert [one.recipients for one in sink.wait_for(2)] == [("someone@redhat.com",), ("another@redhat.com",)]
        assert (sink.connections, sink.commands.count("LHLO")) == (1, 1)


def test_lmtp_over_a_unix_socket(open_channel, delivery, socket_path) -> None:
    with SmtpSink(lmtp=True, path=socket_path) as sink, open_channel(sink, transport="lmtp") as channel:
        channel.send(delivery)
        assert len(sink.wait_for(1)) == 1


def test_a_full_mailbox_at_lmtp_is_judged_by_its_answer(open_channel, delivery, failure_of) -> None:
    with SmtpSink(lmtp=True) as sink, open_channel(sink, transport="lmtp") as channel:
        sink.reply("DATA", "552 5.2.2 Mailbox full", times=1)
        failure = failure_of(channel, delivery)
        assert (type(failure), str(failure)) == (PermanentFailure, "DATA: 552 5.2.2 Mailbox full")


def test_a_socket_that_is_not_there_is_transient_and_named(open_channel, delivery, failure_of, socket_path) -> None:
    with open_channel(None, transport="lmtp", host=socket_path) as channel:
        failure = failure_of(channel, delivery)
    assert type(failure) is TransientFailure
    assert str(failure).startswith(f"{socket_path}: ")


def test_lmtp_to_a_server_that_speaks_smtp_is_transient(open_channel, delivery, failure_of) -> None:
    with SmtpSink() as sink, open_channel(sink, transport="lmtp") as channel:
        failure = failure_of(channel, delivery)
    assert type(failure) is TransientFailure
    assert "500" in str(failure)


def test_sendmail_gets_the_message_and_the_envelope(open_channel, delivery, program, tmp_path) -> None:
    with open_channel(None, transport="sendmail", sendmail_path=program("exit 0")) as channel:
        channel.send(delivery)
        assert channel.detail == "0 accepted by sendmail"
    assert (tmp_path / "args").read_text().split() == ["-i", "-f", "no-reply@your.domain", "--", "someone@redhat.com"]
    octets = (tmp_path / "mail").read_bytes()
    assert b"\r" not in octets
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert (message["Subject"], message["To"]) == ("pulp notification", "someone@redhat.com")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (os.EX_NOUSER, PermanentFailure),
        (os.EX_DATAERR, PermanentFailure),
        (os.EX_NOHOST, PermanentFailure),
        (os.EX_TEMPFAIL, TransientFailure),
        (os.EX_UNAVAILABLE, TransientFailure),
        (1, TransientFailure),
    ],
)
def test_sendmails_exit_code_says_what_became_of_it(open_channel, delivery, failure_of, program, code, kind) -> None:
    path = program(f"echo 'no such  user'; exit {code}")
    with open_channel(None, transport="sendmail", sendmail_path=path) as channel:
        failure = failure_of(channel, delivery)
    assert type(failure) is kind
    assert f"ended with {code}: no such user" in str(failure)


def test_a_sendmail_that_hangs_is_ended_with_all_that_it_started(
    open_channel, delivery, failure_of, program, tmp_path, monkeypatch
) -> None:
    path = program(f"sleep 600 & echo $! >{tmp_path}/its; mv {tmp_path}/its {tmp_path}/child; wait")
    for limit in (0.2, 2.0, 20.0):  # it is to have started something by then
        monkeypatch.setattr(limits, "ANSWER_LIMIT", limit)
        with open_channel(None, transport="sendmail", sendmail_path=path, timeout="500ms") as channel:
            assert type(failure_of(channel, delivery)) is TimedOut
        if (tmp_path / "child").exists():
            break
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    end = time.monotonic() + 60  # killed, it may still have to be given a turn to die
    while state.exists() and state.read_text().split()[2] != "Z":
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_sendmail_that_has_the_message_may_take_its_time(open_channel, delivery, program) -> None:
    with open_channel(None, transport="sendmail", sendmail_path=program("sleep 0.5"), timeout="100ms") as channel:
        channel.send(delivery)


def test_a_sendmail_that_does_not_read_the_message_ends_with_the_time_limit(
    open_channel, made, failure_of, tmp_path
) -> None:
    path = tmp_path / "sendmail"
    path.write_text("#!/bin/sh\nsleep 600\n")
    path.chmod(0o755)
    with open_channel(None, transport="sendmail", sendmail_path=str(path), timeout="200ms") as channel:
        failure = failure_of(channel, made("x", {"text": "y" * 200_000}))  # more than a pipe holds
    assert type(failure) is TimedOut
    assert "did not end within 200ms" in str(failure)


def test_a_sendmail_that_is_not_there_is_transient_and_named(open_channel, delivery, failure_of) -> None:
    with open_channel(None, transport="sendmail", sendmail_path="/nowhere/sendmail") as channel:
        failure = failure_of(channel, delivery)
    assert (type(failure), str(failure)) == (
        TransientFailure,
        "/nowhere/sendmail cannot be started: No such file or directory; see sendmail_path",
    )


@pytest.mark.parametrize("pipelining", [True, False])
def test_an_address_beyond_ascii_goes_by_smtputf8(open_channel, to, pipelining) -> None:
    with SmtpSink(smtputf8=True, pipelining=pipelining) as sink, open_channel(sink) as channel:
        channel.send(to("jösé@bücher.example"))
        (received,) = sink.wait_for(1)
    assert received.recipients == ("jösé@bücher.example",)
    assert "jösé@bücher.example" in str(received.message["To"])


def test_without_smtputf8_such_an_address_is_permanent_and_the_others_are_not_hurt(
    open_channel, to, failure_of
) -> None:
    with SmtpSink() as sink, open_channel(sink) as channel:
        failure = failure_of(channel, to("jösé@example.com"))
        assert type(failure) is PermanentFailure
        assert "SMTPUTF8" in str(failure)
        assert "jösé@example.com" in str(failure)
        channel.send(to("jose@example.com"))
        assert len(sink.wait_for(1)) == 1
        assert sink.connections == 1
