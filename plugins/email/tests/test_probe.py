"""What `config check --probe` says about the mail server."""

from __future__ import annotations

import ssl

import pytest

from pulp_events import TransientFailure
from pulp_events.testing.smtp_sink import DROP, SmtpSink
from pulp_events_email.notifier import EmailNotifier


def probed(sink: SmtpSink | None = None, **settings: object) -> list[str]:
    notifier = EmailNotifier()
    where = {"host": sink.host, "port": sink.port} if sink else {}
    loaded = notifier.settings_schema().load(
        {"enabled": "true", "from": "pulp@mail.example", "timeout": "5s", **where, **settings}
    )
    return list(notifier.probe(loaded))


def test_it_connects_offers_the_sender_and_sends_nothing() -> None:
    with SmtpSink() as sink:
        found = probed(sink)
        assert found[0].startswith(f"127.0.0.1:{sink.port} greets with 220 sink.test")
        assert found[1:] == [
            "not encrypted",
            "extensions: 8BITMIME, HELP, PIPELINING, SIZE",
            "no login; offered: LOGIN, PLAIN",
            "the sender pulp@mail.example is accepted",
        ]
        assert sink.received == []
        assert "DATA" not in sink.commands


def test_it_encrypts_and_logs_in(authority, tmp_path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with SmtpSink(starttls=context, credentials=("adm", "hunter2")) as sink:
        plain = probed(sink, username="adm", password="hunter2")
        assert "not encrypted; STARTTLS is offered, set security = starttls" in plain
        secure = {"security": "starttls", "ca_path": str(tmp_path / "ca.pem")}
        found = probed(sink, username="adm", password="hunter2", **secure)
        assert any(line.startswith("encrypted with TLSv1.3; its certificate is valid until ") for line in found)
        assert "login as adm accepted (PLAIN)" in found
        assert "hunter2" not in "".join(found)
        with pytest.raises(TransientFailure, match="refused to log adm in by PLAIN with 535, by LOGIN with 535"):
            probed(sink, username="adm", password="wrong", **secure)
        opportunistic = probed(sink, username="adm", password="hunter2", security="starttls-if-offered")
        assert any("its certificate is not verified" in line for line in opportunistic)


def test_an_offer_of_starttls_that_comes_to_nothing_is_told(authority) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with SmtpSink(starttls=context) as sink:
        sink.reply("STARTTLS", "454 4.7.0 TLS not available")
        found = probed(sink, security="starttls-if-offered")
    assert (
        "not encrypted, although STARTTLS is offered: the mail server refused STARTTLS with 454 4.7.0 TLS not available"
        in found
    )


def test_the_example_sender_is_pointed_out() -> None:
    with SmtpSink() as sink:
        assert "set `from` in the section [email]" in probed(sink, **{"from": "no-reply@your.domain"})[0]


@pytest.mark.parametrize(
    ("command", "answer", "text"),
    [
        ("MAIL", "550 5.7.1 Sender rejected", "the sender pulp@mail.example is refused: 550 5.7.1 Sender rejected"),
        ("CONNECT", "554 No service", "554 No service"),
        ("EHLO", DROP, "it closed the connection"),
    ],
)
def test_what_a_delivery_would_fail_with_is_raised(command, answer, text) -> None:
    with SmtpSink() as sink:
        sink.reply(command, answer)
        with pytest.raises(TransientFailure) as caught:
            probed(sink)
        assert text in str(caught.value)


def test_lmtp_and_sendmail_are_probed_too(tmp_path) -> None:
    path = str(tmp_path / "lmtp")
    with SmtpSink(lmtp=True, path=path):
        assert probed(None, transport="lmtp", host=path)[0].startswith(f"{path} greets with 220")
    program = tmp_path / "sendmail"
    with pytest.raises(TransientFailure, match="is not an executable program"):
        probed(None, transport="sendmail", sendmail_path=str(program))
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert probed(None, transport="sendmail", sendmail_path=str(program)) == [
        f"{program} exists; only sending a message can show whether it accepts one"
    ]


def test_a_disabled_notifier_connects_to_nothing() -> None:
    notifier = EmailNotifier()
    assert "email is disabled" in notifier.probe(notifier.settings_schema().load({"port": 1}))[0]
