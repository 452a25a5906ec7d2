"""Which refusals are final: those that are about this recipient or this message, and no other."""

from __future__ import annotations

import pytest

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.testing.smtp_sink import SmtpSink
from pulp_events_email.answer import is_about_size, judge

TRANSIENT, FINAL = TransientFailure, PermanentFailure

# as servers say it: Postfix, Exim, Exchange, Gmail, qmail, Sendmail
ANSWERS = [
    # the session, wherever the server says so
    ("MAIL", 530, "5.7.0 Authentication required", TRANSIENT),
    ("MAIL", 530, "Authentication required", TRANSIENT),
    ("MAIL", 550, "5.7.1 Client host rejected", TRANSIENT),
    ("MAIL", 550, "5.7.60 SMTP; Client does not have permissions to send as this sender", TRANSIENT),
    ("MAIL", 553, "5.1.8 Domain of sender address does not exist", TRANSIENT),
    ("MAIL", 501, "5.1.7 Bad sender address syntax", TRANSIENT),
    ("MAIL", 503, "5.5.1 Error: send HELO first", TRANSIENT),
    ("MAIL", 555, "5.5.4 Unsupported option: SIZE=1", TRANSIENT),
    ("MAIL", 554, "No", TRANSIENT),
    ("RCPT", 554, "5.7.1 <a@b.example>: Relay access denied", TRANSIENT),
    ("RCPT", 554, "5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", TRANSIENT),
    ("RCPT", 550, "5.1.8 <x@nowhere.example>: Sender address rejected: Domain not found", TRANSIENT),
    ("RCPT", 550, "relay not permitted, authentication required", TRANSIENT),
    ("RCPT", 550, "Sender verify failed", TRANSIENT),
    ("RCPT", 553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", TRANSIENT),
    ("RCPT", 530, "5.7.0 Must issue a STARTTLS command first", TRANSIENT),
    ("RCPT", 503, "5.5.1 Error: need MAIL command", TRANSIENT),
    ("RCPT", 550, "5.3.2 System not accepting messages", TRANSIENT),
    ("DATA", 550, "5.7.26 Unauthenticated email from your.domain is not accepted due to its DMARC policy", TRANSIENT),
    ("DATA", 554, "5.7.1 Message rejected as spam", TRANSIENT),
    ("DATA", 502, "5.5.2 Error: command not recognized", TRANSIENT),
    *((command, 554, "Relay access denied", TRANSIENT) for command in ("RCPT", "DATA")),
    *((command, 550, "Administrative prohibition", TRANSIENT) for command in ("RCPT", "DATA")),
    *((command, 550, "<a@b.example>: Access denied", TRANSIENT) for command in ("RCPT", "DATA")),
    *((command, 550, "Blocked by local policy", TRANSIENT) for command in ("RCPT", "DATA")),
    *((command, 550, "5.0.0 Access denied", TRANSIENT) for command in ("RCPT", "DATA")),
    *((command, 550, "not authorized to send here", TRANSIENT) for command in ("RCPT", "DATA")),
    ("DATA", 554, "Message rejected as spam", TRANSIENT),
    ("DATA", 550, "SPF check failed", TRANSIENT),
    ("RCPT", 450, "4.2.0 Greylisted", TRANSIENT),
    ("DATA", 451, "4.3.0 Temporary lookup failure", TRANSIENT),
    ("DATA", 299, "what is this", TRANSIENT),
    # this recipient
    ("RCPT", 550, "5.1.1 <sender@relay.example>: Recipient address rejected: User unknown", FINAL),
    ("RCPT", 550, "<sender@relay.example>: No such user", FINAL),
    ("RCPT", 550, "Unrouteable address", FINAL),
    ("RCPT", 550, "5.4.1 Recipient address rejected: Access denied", FINAL),
    ("RCPT", 556, "5.1.10 Recipient address has null MX", FINAL),
    ("RCPT", 501, "5.5.4 Invalid address", FINAL),
    ("RCPT", 552, "5.2.2 Mailbox full", FINAL),
    # this message
    ("DATA", 554, "5.6.0 Message contains bare LF", FINAL),
    ("DATA", 550, "Message refused", FINAL),
    ("DATA", 550, "This message contains a virus", FINAL),
    ("DATA", 554, "5.0.0 Bad header <policy@relay.example>", FINAL),
    ("RCPT", 550, "5.0.0 <policy@relay.example>... No such user", FINAL),
    ("MAIL", 552, "5.3.4 Message size exceeds fixed limit", FINAL),
    ("MAIL", 552, "Message size exceeds maximum permitted", FINAL),
    ("DATA", 552, "5.2.3 Message too long for this mailbox", FINAL),
]  # fmt: skip


@pytest.mark.parametrize(("command", "code", "text", "kind"), ANSWERS)
def test_only_what_is_about_this_recipient_or_message_is_final(command, code, text, kind) -> None:
    failure = judge(command, code, text)
    assert (type(failure), str(failure)) == (kind, f"{command}: {code} {text}")


@pytest.mark.parametrize("command", ["DATA", "DOT"])
def test_what_is_about_us_is_transient_before_and_after_the_message(
    open_channel, scripted, delivery, failure_of, command
) -> None:
    def say(now: str, connection: int, count: int) -> str | None:
        return "554 Relay access denied" if now == command else None

    with scripted(say) as server, open_channel(None, host="127.0.0.1", port=server.port) as channel:
        assert type(failure_of(channel, delivery)) is TransientFailure


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(("command", "code", "text", "kind"), [one for one in ANSWERS if one[1] in (530, 554)])
def test_over_a_connection_too(open_channel, delivery, failure_of, pipelining, command, code, text, kind) -> None:
    with SmtpSink(pipelining=pipelining) as sink, open_channel(sink) as channel:
        sink.reply(command, f"{code} {text}", times=1)
        assert type(failure_of(channel, delivery)) is kind
        channel.send(delivery)
        assert (len(sink.wait_for(1)), sink.connections) == (1, 1)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "credentials"),
    [
        ("530 5.7.0 Authentication required", True),
        ("534 5.7.9 Mechanism is too weak", True),
        ("535 5.7.8 Credentials invalid", True),
        ("538 5.7.11 Encryption required", True),
        ("550 5.7.13 User account disabled", True),
        ("550 5.7.1 Relay access denied", False),
        ("451 4.7.1 Later", False),
    ],
)
def test_what_speaks_of_credentials_says_so(open_channel, delivery, failure_of, command, answer, credentials) -> None:
    with SmtpSink() as sink, open_channel(sink) as channel:
        sink.reply(command, answer)
        assert failure_of(channel, delivery).credentials is credentials


def test_a_full_mailbox_is_not_a_message_that_is_too_large() -> None:
    assert not is_about_size(552, "5.2.2 Mailbox full")
    assert is_about_size(552, b"5.3.4 Too large")
    assert is_about_size(552, "Too large")
    assert not is_about_size(452, "4.3.1 Insufficient system storage")


def test_a_sender_beyond_ascii_waits_for_a_server_that_takes_it(open_channel, delivery, failure_of) -> None:
    with SmtpSink() as sink, open_channel(sink, **{"from": "jösé@b.example"}) as channel:
        failure = failure_of(channel, delivery)
    assert type(failure) is TransientFailure
    assert "set another `from`" in str(failure)
