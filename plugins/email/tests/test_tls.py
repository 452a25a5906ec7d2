"""TLS and log-in against a real SMTP server."""

from __future__ import annotations

import logging
import socket
import ssl
import struct
import threading
import warnings
from pathlib import Path

import pytest
import trustme

from pulp_events import TransientFailure
from pulp_events.testing.smtp_sink import DROP, HANG, SmtpSink


def server(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.mark.parametrize("security", ["starttls", "smtps"])
def test_messages_are_sent_over_tls_after_log_in(open_channel, delivery, authority, bundle, security) -> None:
    with SmtpSink(**{security: server(authority)}, credentials=("adm", "hunter2")) as sink:
        credentials = {"username": "adm", "password": "hunter2"}
        with open_channel(sink, security=security, ca_path=bundle, **credentials) as channel:
            channel.send(delivery)
            channel.send(delivery)
        received = sink.wait_for(2)
    assert [(one.tls, one.user) for one in received] == [(True, "adm")] * 2
    assert sink.connections == 1


@pytest.mark.parametrize("security", ["starttls", "smtps"])
@pytest.mark.parametrize("name", ["127.0.0.1", "other.example"])
def test_a_certificate_that_is_not_trusted_or_for_another_host_is_refused(
    open_channel, delivery, authority, bundle, security, name, failure_of
) -> None:
    trust = {} if name == "127.0.0.1" else {"ca_path": bundle}
    with (
        SmtpSink(**{security: server(authority, name)}) as sink,
        open_channel(sink, security=security, **trust) as channel,
    ):
        failure = failure_of(channel, delivery)
    assert type(failure) is TransientFailure
    assert "its certificate is not valid" in str(failure)
    assert sink.received == []


def test_starttls_that_is_not_offered_sends_nothing(open_channel, delivery, failure_of) -> None:
    with SmtpSink() as sink, open_channel(sink, security="starttls") as channel:
        failure = failure_of(channel, delivery)
    assert type(failure) is TransientFailure
    assert "no STARTTLS" in str(failure)
    assert "MAIL" not in sink.commands


def test_a_refused_log_in_is_transient_and_shows_no_secret(open_channel, delivery, caplog, failure_of) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        SmtpSink(credentials=("adm", "right")) as sink,
        open_channel(sink, username="adm", password="hunter2") as channel,
    ):
        failure = failure_of(channel, delivery)
        shown = str(failure) + repr(channel) + repr(failure.__cause__)
    assert type(failure) is TransientFailure
    assert "535" in str(failure)
    assert "[email]" in str(failure)
    assert "hunter2" not in shown + "".join(r.getMessage() for r in caplog.records if r.name.startswith("pulp"))


def test_a_ca_path_that_is_of_no_use_is_transient_and_named(open_channel) -> None:
    with (
        pytest.raises(TransientFailure, match="/nowhere/ca.pem"),
        open_channel(None, security="smtps", ca_path="/nowhere/ca.pem"),
    ):
        pass


@pytest.mark.parametrize("offered", [True, False])
def test_starttls_if_offered_encrypts_where_it_can_and_sends_all_the_same(
    open_channel, delivery, authority, offered
) -> None:
    sink = SmtpSink(starttls=server(authority) if offered else None)
    with sink, open_channel(sink, security="starttls-if-offered") as channel:
        channel.send(delivery)
        channel.send(delivery)
        assert [one.tls for one in sink.wait_for(2)] == [offered, offered]
        assert sink.connections == 1


def only_old_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = server(authority)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


BROKEN = [
    "454 4.7.0 TLS not available",
    "502 5.5.1 Not implemented",
    "421 4.7.0 Bye",
    "220 2.0.0 Go",
    DROP,
    HANG,
    "old",
]
"""What comes of an offer; after 220 the sink goes on in the clear, which breaks the handshake. `old`: TLS 1.0 only."""


@pytest.fixture(params=BROKEN)
def broken(request, authority):
    with SmtpSink(starttls=only_old_tls(authority) if request.param == "old" else server(authority)) as sink:
        sink.how = request.param
        if request.param != "old":
            sink.reply("STARTTLS", request.param)
        yield sink


@pytest.mark.sample(3)
def test_an_offer_that_comes_to_nothing_is_no_worse_than_none_and_is_said_once(
    broken, open_channel, delivery, caplog
) -> None:
    with open_channel(broken, security="starttls-if-offered", timeout="1s", messages_per_connection=1) as channel:
        for _ in range(3):
            channel.send(delivery)
    assert [one.tls for one in broken.wait_for(3)] == [False] * 3
    refused_in_order = broken.how[:3] in ("454", "502")
    assert broken.connections == (3 if refused_in_order else 6)
    (said,) = [one.getMessage() for one in caplog.records if one.name.startswith("pulp_events_email")]
    assert f"127.0.0.1:{broken.port} offers STARTTLS, but " in said
    assert said.endswith("mail is sent unencrypted")


def test_an_offer_that_comes_to_nothing_never_gets_the_password(broken, open_channel, delivery, failure_of) -> None:
    broken.credentials = ("adm", "hunter2")
    given = {"username": "adm", "password": "hunter2", "auth": "plain"}
    with open_channel(broken, security="starttls-if-offered", timeout="1s", **given) as channel:
        failure = failure_of(channel, delivery)
    assert type(failure) is TransientFailure
    assert "no password is sent unencrypted; set security = starttls" in str(failure)
    assert failure.credentials
    assert not {"AUTH", "MAIL"} & set(broken.commands)


def test_no_offer_gets_no_password_either_as_whoever_is_on_the_way_can_take_one_out(
    open_channel, delivery, failure_of
) -> None:
    given = {"username": "adm", "password": "hunter2"}
    with (
        SmtpSink(credentials=("adm", "hunter2")) as sink,
        open_channel(sink, security="starttls-if-offered", **given) as channel,
    ):
        assert "no password is sent unencrypted" in str(failure_of(channel, delivery))
        assert "AUTH" not in sink.commands


def test_where_it_is_required_nothing_is_sent_in_the_clear(broken, open_channel, delivery, bundle, failure_of) -> None:
    with open_channel(broken, security="starttls", ca_path=bundle, timeout="500ms") as channel:
        failure = failure_of(channel, delivery)
    assert isinstance(failure, TransientFailure)
    assert "MAIL" not in broken.commands


def test_it_is_said_again_after_it_has_worked(open_channel, delivery, authority, caplog) -> None:
    with (
        SmtpSink(starttls=server(authority)) as sink,
        open_channel(sink, security="starttls-if-offered", messages_per_connection=1) as channel,
    ):
        for answer in ("454 4.7.0 Not now", None, "454 4.7.0 Not now"):
            sink.clear_replies()
            if answer:
                sink.reply("STARTTLS", answer)
            channel.send(delivery)
        assert [one.tls for one in sink.wait_for(3)] == [False, True, False]
    assert len([one for one in caplog.records if "unencrypted" in one.getMessage()]) == 2


@pytest.mark.parametrize("security", ["starttls", "smtps"])
def test_a_tls_failure_speaks_of_certificates(open_channel, delivery, authority, security, failure_of) -> None:
    with SmtpSink(**{security: server(authority)}) as sink, open_channel(sink, security=security) as channel:
        assert failure_of(channel, delivery).credentials


@pytest.mark.parametrize("security", ["starttls", "smtps"])
def test_a_server_that_speaks_no_tls_is_a_tls_failure(open_channel, delivery, security, failure_of) -> None:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(60)
            if security == "starttls":
                connection.sendall(b"220 hello\r\n")
                connection.recv(100)
                connection.sendall(b"250-hello\r\n250 STARTTLS\r\n")
                connection.recv(100)
                connection.sendall(b"220 go\r\n")
            connection.recv(1000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with open_channel(None, host="127.0.0.1", port=listener.getsockname()[1], security=security) as channel:
            failure = failure_of(channel, delivery)
        thread.join(60)
    assert "TLS failed" in str(failure)
    assert failure.credentials


def test_a_dot_at_the_end_of_the_host_is_no_part_of_the_certificates_name(
    open_channel, delivery, authority, bundle, monkeypatch
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest: real("127.0.0.1" if host == "mail.test." else host, *rest)
    )
    with (
        SmtpSink(smtps=server(authority, "mail.test")) as sink,
        open_channel(None, host="mail.test.", port=sink.port, security="smtps", ca_path=bundle) as channel,
    ):
        channel.send(delivery)
        assert len(sink.wait_for(1)) == 1


def test_nothing_that_came_before_tls_is_believed_after_it(open_channel, delivery, authority, bundle) -> None:
    with (
        SmtpSink(starttls=server(authority), require_starttls=True, credentials=("adm", "pw")) as sink,
        open_channel(sink, security="starttls", ca_path=bundle, username="adm", password="pw") as channel,
    ):
        channel.send(delivery)
        assert sink.commands.count("EHLO") == 2
        assert sink.commands.index("AUTH") > 1
