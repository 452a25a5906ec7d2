"""TLS and log-in against a real SMTP server."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

import pytest
import trustme

from pulp_events import TransientFailure
from pulp_events.testing.smtp_sink import SmtpSink


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


def test_nothing_that_came_before_tls_is_believed_after_it(open_channel, delivery, authority, bundle) -> None:
    with (
        SmtpSink(starttls=server(authority), require_starttls=True, credentials=("adm", "pw")) as sink,
        open_channel(sink, security="starttls", ca_path=bundle, username="adm", password="pw") as channel,
    ):
        channel.send(delivery)
        assert sink.commands.count("EHLO") == 2
        assert sink.commands.index("AUTH") > 1
