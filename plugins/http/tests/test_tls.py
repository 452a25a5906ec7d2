"""TLS against real servers."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from pulp_events import Delivery, TimedOut, TransientFailure
from pulp_events.testing.http_sink import Answer, HttpSink


def server(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def test_a_server_under_the_authority_of_ca_path_is_trusted_and_its_connection_kept(
    open_channel, delivery: Delivery, authority: trustme.CA, bundle: str
) -> None:
    with (
        HttpSink(ssl_context=server(authority, "127.0.0.1")) as sink,
        open_channel({"url": sink.url, "ca_path": bundle}) as channel,
    ):
        channel.send(delivery)
        channel.send(delivery)
        assert [request.body for request in sink.wait_for(2)] == [delivery.report] * 2
        assert sink.connections == 1


def test_a_ca_bundle_of_the_environment_is_trusted(
    open_channel, delivery: Delivery, authority: trustme.CA, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with (
        HttpSink(ssl_context=server(authority, "127.0.0.1")) as sink,
        open_channel({"url": sink.url}) as channel,
    ):
        channel.send(delivery)


def test_an_unknown_authority_is_transient_and_nothing_is_sent(
    open_channel, delivery: Delivery, authority: trustme.CA
) -> None:
    with (
        HttpSink(ssl_context=server(authority, "127.0.0.1")) as sink,
        open_channel({"url": sink.url}) as channel,
        pytest.raises(TransientFailure, match="its certificate is not valid: "),
    ):
        channel.send(delivery)
    assert sink.requests == []


def test_a_certificate_for_another_host_is_refused(
    open_channel, delivery: Delivery, authority: trustme.CA, bundle: str
) -> None:
    with (
        HttpSink(ssl_context=server(authority, "other.example")) as sink,
        open_channel({"url": sink.url, "ca_path": bundle}) as channel,
        pytest.raises(TransientFailure, match="its certificate is not valid: .*127.0.0.1"),
    ):
        channel.send(delivery)
    assert sink.requests == []


def test_tls_older_than_1_2_is_refused(open_channel, authority: trustme.CA, bundle: str) -> None:
    with open_channel({"url": "https://127.0.0.1:1", "ca_path": bundle}) as channel:
        assert channel._adapter._context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert channel._adapter._context.verify_mode is ssl.CERT_REQUIRED
        assert channel._adapter._context.check_hostname


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_ca_path_that_is_of_no_use_is_transient_and_named(open_channel, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "missing.pem"
    if content:
        path.write_text(content)
    with (
        pytest.raises(TransientFailure, match="missing.pem"),
        open_channel({"url": "https://127.0.0.1:1", "ca_path": str(path)}),
    ):
        pass


def test_an_answer_that_drips_over_tls_ends_with_the_time_limit(
    open_channel, delivery: Delivery, authority: trustme.CA, bundle: str
) -> None:
    answer = Answer(body=b"x" * 1000, fault="drip")
    with (
        HttpSink(answer, ssl_context=server(authority, "127.0.0.1")) as sink,
        open_channel({"url": sink.url, "ca_path": bundle}, {"timeout": "400ms"}) as channel,
        pytest.raises(TimedOut),
    ):
        channel.send(delivery)


def test_a_server_that_says_nothing_in_the_handshake_ends_with_the_time_limit(open_channel, delivery: Delivery) -> None:
    with (
        HttpSink(Answer(fault="hang")) as sink,  # speaks no TLS: it waits for the end of a request's head
        open_channel({"url": sink.url.replace("http:", "https:")}, {"timeout": "300ms"}) as channel,
        pytest.raises(TimedOut),
    ):
        channel.send(delivery)
