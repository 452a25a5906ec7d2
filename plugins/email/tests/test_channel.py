"""Deliveries to a real SMTP server, well-behaved and not."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
import time

import pytest

from pulp_events import PermanentFailure, TimedOut, TransientFailure
from pulp_events.testing.smtp_sink import DROP, HANG, SmtpSink
from pulp_events_email import channel as channel_module


def test_the_report_arrives_as_the_guide_shows_it(open_channel, delivery) -> None:
    with SmtpSink() as sink, open_channel(sink) as channel:
        assert channel.send(delivery) is None
        (received,) = sink.wait_for(1)
    assert (received.mail_from, received.recipients) == ("no-reply@your.domain", ("someone@redhat.com",))
    message = received.message
    assert (message["Subject"], message["From"], message["To"]) == (
        "pulp notification",
        "no-reply@your.domain",
        "someone@redhat.com",
    )
    assert message["Message-ID"] == f"<{delivery.id}@your.domain>"
    assert message.get_content().splitlines() == json.dumps(json.loads(delivery.report), indent=2).splitlines()


def test_the_connection_is_kept_from_delivery_to_delivery(open_channel, to) -> None:
    with SmtpSink() as sink, open_channel(sink) as channel:
        for number in range(5):
            channel.send(to(f"user{number}@redhat.com"))
        assert [one.recipients[0] for one in sink.wait_for(5)] == [f"user{n}@redhat.com" for n in range(5)]
        assert sink.connections == 1
        assert sink.commands.count("EHLO") == 1


def test_a_bad_recipient_is_dead_and_the_others_get_theirs_on_the_same_connection(open_channel, to, failure_of) -> None:
    with SmtpSink() as sink, open_channel(sink) as channel:
        sink.reply("RCPT", "550 5.1.1 No such user", recipient="gone@redhat.com")
        channel.send(to("someone@redhat.com"))
        failure = failure_of(channel, to("gone@redhat.com"))
        channel.send(to("another@redhat.com"))
        assert type(failure) is PermanentFailure
        assert str(failure) == "RCPT: 550 5.1.1 No such user"
        assert (len(sink.wait_for(2)), sink.connections) == (2, 1)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (command, answer)
        for command in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA")
        for answer in (DROP, "421 4.3.2 Shutting down", "gibberish")
        if (command, answer) != ("EHLO", "gibberish")  # after that HELO is tried, as RFC 5321 §3.2 has it
    ],
)
def test_a_server_that_goes_away_is_transient_and_the_next_attempt_gets_a_new_connection(
    open_channel, delivery, command, answer, failure_of
) -> None:
    with SmtpSink() as sink, open_channel(sink) as channel:
        sink.reply(command, answer, times=2 if command == "EHLO" else 1)
        assert type(failure_of(channel, delivery)) is TransientFailure
        sink.clear_replies()
        channel.send(delivery)
        assert (len(sink.wait_for(1)), sink.connections) == (1, 2)


def test_a_greeting_that_refuses_us_is_transient(open_channel, delivery, failure_of) -> None:
    with SmtpSink() as sink, open_channel(sink) as channel:
        sink.reply("CONNECT", "554 No service here")
        failure = failure_of(channel, delivery)
    assert type(failure) is TransientFailure
    assert "554 No service here" in str(failure)


@pytest.mark.parametrize("how", ["drop", "421"])
def test_a_server_that_takes_one_message_a_connection_gets_each_once(open_channel, delivery, how) -> None:
    with SmtpSink() as sink, open_channel(sink) as channel:
        for count in (1, 2, 3):
            channel.send(delivery)
            if how == "drop":
                sink.drop_connections()
            else:
                sink.reply("MAIL", "421 4.7.0 One message a connection", times=1)
            assert len(sink.wait_for(count)) == sink.connections == count


def test_a_connection_that_ends_in_the_message_is_not_taken_up_again_by_itself(
    open_channel, delivery, failure_of
) -> None:
    with SmtpSink() as sink, open_channel(sink) as channel:
        channel.send(delivery)
        sink.reply("DATA", DROP, times=1)
        assert type(failure_of(channel, delivery)) is TransientFailure
        assert len(sink.received) == 2


def test_a_connection_that_has_rested_is_not_trusted(open_channel, delivery, monkeypatch) -> None:
    monkeypatch.setattr(channel_module, "IDLE_LIMIT", 0.0)
    with SmtpSink() as sink, open_channel(sink) as channel:
        channel.send(delivery)
        channel.send(delivery)
        assert (len(sink.wait_for(2)), sink.connections) == (2, 2)


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT"])
def test_a_server_that_hangs_before_the_dot_ends_with_the_time_limit(
    open_channel, delivery, command, failure_of
) -> None:
    with SmtpSink() as sink, open_channel(sink, timeout="200ms") as channel:
        sink.reply(command, HANG)
        started = time.monotonic()
        failure = failure_of(channel, delivery)
        assert time.monotonic() - started < 20, "not by ANSWER_LIMIT"
    assert isinstance(failure, TimedOut)
    assert "no answer within 200ms" in str(failure)


def test_a_server_that_drips_its_greeting_ends_with_the_time_limit(open_channel, delivery, failure_of) -> None:
    stop = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                while not stop.wait(0.02):
                    connection.sendall(b"220-x\r\n")
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        port = listener.getsockname()[1]
        with open_channel(None, host="127.0.0.1", port=port, timeout="200ms") as channel:
            assert isinstance(failure_of(channel, delivery), TimedOut)
        stop.set()
        thread.join()


def test_a_refused_connection_and_an_unknown_name_are_transient(open_channel, delivery, failure_of) -> None:
    with SmtpSink() as sink:
        pass
    with open_channel(sink) as channel:
        assert "Connection refused" in str(failure_of(channel, delivery))
    with open_channel(None, host="nowhere.invalid") as channel:
        failure = failure_of(channel, delivery)
    assert type(failure) is TransientFailure
    assert str(failure).startswith("nowhere.invalid:25: the name cannot be resolved")


def test_while_email_is_disabled_deliveries_wait_and_are_told_how_to_go_on(open_channel) -> None:
    with pytest.raises(TransientFailure, match=r"enabled = true.*\[email\]"), open_channel(None, enabled=False):
        pass


def test_a_large_report_in_one_line_arrives_whole(open_channel, delivery) -> None:
    report = {"call_report": {}, "event_type": "x", "payload": {"é": "." * 200_000}}
    with SmtpSink() as sink, open_channel(sink) as channel:
        channel.send(dataclasses.replace(delivery, report=json.dumps(report).encode()))
        (received,) = sink.wait_for(1)
    assert json.loads(received.message.get_content()) == report


def test_dots_at_the_beginning_of_a_line_survive(open_channel, delivery) -> None:
    with SmtpSink() as sink, open_channel(sink, subject="pulp") as channel:
        channel._composer.compose = lambda *_: b"Subject: x\r\n\r\n.\r\n..a\r\n"
        channel.send(delivery)
        assert sink.wait_for(1)[0].raw.endswith(b"\r\n.\r\n..a\r\n")


def test_an_international_domain_goes_out_as_idna(open_channel, to) -> None:
    with SmtpSink() as sink, open_channel(sink, **{"from": "Pülp <no-reply@bücher.example>"}) as channel:
        channel.send(to("a@bücher.example"))
        (received,) = sink.wait_for(1)
    assert (received.mail_from, received.recipients) == (
        "no-reply@xn--bcher-kva.example",
        ("a@xn--bcher-kva.example",),
    )
    assert received.message["From"] == "Pülp <no-reply@xn--bcher-kva.example>"
