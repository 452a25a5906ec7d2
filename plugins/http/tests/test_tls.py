"""TLS against real servers."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from pulp_events import Delivery, TimedOut, TransientFailure
from pulp_events.testing.http_sink import Answer, HttpSink


def server(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


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
        context = channel._route.trust.context
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


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


def test_an_expired_certificate_is_refused(open_channel, delivery: Delivery, authority: trustme.CA, bundle) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    authority.issue_cert("127.0.0.1", not_before=yesterday - timedelta(days=9), not_after=yesterday).configure_cert(
        context
    )
    with (
        HttpSink(ssl_context=context) as sink,
        open_channel({"url": sink.url, "ca_path": bundle}) as channel,
        pytest.raises(TransientFailure, match="its certificate is not valid: certificate has expired"),
    ):
        channel.send(delivery)
    assert sink.requests == []


# ---- certificates of clients ----------------------------------------------------------------------------------------


@pytest.fixture
def strict(authority: trustme.CA) -> ssl.SSLContext:
    """A server that asks for a certificate of its authority."""
    context = server(authority, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context


@pytest.fixture
def client(authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """`cert` and `key` of a client of that authority."""
    issued = authority.issue_cert("client@h.example")
    paths = {"cert": str(tmp_path / "client.pem"), "key": str(tmp_path / "client.key")}
    issued.cert_chain_pems[0].write_to_path(paths["cert"])
    issued.private_key_pem.write_to_path(paths["key"])
    return paths


def test_a_client_certificate_opens_a_server_that_asks_for_one(
    open_channel, delivery: Delivery, strict: ssl.SSLContext, bundle: str, client: dict[str, str], tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_text(Path(client["cert"]).read_text() + Path(client["key"]).read_text())
    with HttpSink(ssl_context=strict) as sink:
        for files in (client, {"cert": str(both)}):
            with open_channel({"url": sink.url, "ca_path": bundle, **files}) as channel:
                channel.send(delivery)
        assert len(sink.wait_for(2)) == 2


def test_without_a_client_certificate_such_a_server_is_not_reached(
    open_channel, delivery: Delivery, strict: ssl.SSLContext, bundle: str
) -> None:
    with (
        HttpSink(ssl_context=strict) as sink,
        open_channel({"url": sink.url, "ca_path": bundle}) as channel,
        pytest.raises(TransientFailure, match="client certificate|closed|reset|Broken pipe|TLS failed") as caught,
    ):
        channel.send(delivery)
    assert sink.requests == []
    assert "127.0.0.1" in str(caught.value)


def test_a_client_certificate_that_is_of_no_use_is_transient_and_named(
    open_channel, client: dict[str, str], authority: trustme.CA, tmp_path: Path
) -> None:
    other, encrypted = tmp_path / "other.key", tmp_path / "encrypted.key"
    issued = authority.issue_cert("someone@h.example")
    issued.private_key_pem.write_to_path(str(other))
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    encrypted.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"hunter2"),
        )
    )
    for files, text in (
        ({"cert": "/nowhere.pem"}, "/nowhere.pem"),
        ({"cert": client["cert"], "key": str(other)}, "does not match"),
        ({"cert": client["cert"], "key": str(encrypted)}, "encrypted"),
        ({"cert": client["cert"]}, "client.pem"),
    ):
        with (
            pytest.raises(TransientFailure, match=text),
            open_channel({"url": "https://127.0.0.1:1", **files}),
        ):
            pass


# ---- insecure -------------------------------------------------------------------------------------------------------


def test_insecure_is_spelt_out_warned_of_and_shown(
    open_channel, delivery: Delivery, authority: trustme.CA, pulp_events_bus, recwarn
) -> None:
    with HttpSink(ssl_context=server(authority, "other.example")) as sink:
        config = {"url": sink.url, "insecure": True}
        with open_channel(config) as channel:
            channel.send(delivery)
        listener = pulp_events_bus.listeners.create("http", config, ["repo.#"])
        assert pulp_events_bus.listeners.redacted(listener)["insecure"] is True
        assert any("will not be verified" in text for text in pulp_events_bus.listeners.warnings(listener))
        pulp_events_bus.listeners.update(listener.id, notifier_config={"insecure": None})
        (trial,) = pulp_events_bus.test_listener(listener.id)
        assert "its certificate is not valid" in trial.detail
    assert not recwarn.list


@pytest.mark.parametrize("name", ["PYTHONHTTPSVERIFY", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_NO_VERIFY"])
@pytest.mark.parametrize("value", ["", "0", "false"])
def test_nothing_in_the_environment_switches_verification_off(
    open_channel, delivery: Delivery, authority: trustme.CA, monkeypatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with HttpSink(ssl_context=server(authority, "127.0.0.1")) as sink:
        with pytest.raises(TransientFailure), open_channel({"url": sink.url}) as channel:
            channel.send(delivery)
        assert sink.requests == []


# ---- through a proxy ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def connect_proxy(port: int, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"):
    """A proxy that answers CONNECT, and then joins the client with 127.0.0.1:`port`; yields its URL and requests."""
    requests: list[bytes] = []
    threads: list[threading.Thread] = []

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                head = b""
                while b"\r\n\r\n" not in head and (data := client.recv(65536)):
                    head += data
                requests.append(head)
                client.sendall(answer)
                server_side = socket.create_connection(("127.0.0.1", port))
                for pair in ((client, server_side), (server_side, client)):
                    threads.append(threading.Thread(target=copy, args=pair, daemon=True))
                    threads[-1].start()

    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://me:hunter2@127.0.0.1:{listening.getsockname()[1]}", requests
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(30)
        for one in threads:
            one.join(30)


def test_https_goes_through_a_tunnel_and_is_verified_to_its_end(
    open_channel, delivery: Delivery, authority: trustme.CA, bundle: str
) -> None:
    with (
        HttpSink(ssl_context=server(authority, "ci.example")) as sink,
        connect_proxy(sink.port) as (proxy, asked),
        open_channel({"url": "https://ci.example/hook", "ca_path": bundle}, {"proxy": proxy}) as channel,
    ):
        channel.send(delivery)
        channel.send(delivery)
        assert sink.connections == 1
        assert [request.path for request in sink.wait_for(2)] == ["/hook", "/hook"]
        assert "proxy-authorization" not in sink.requests[0].headers
        (head,) = asked
    assert head.startswith(b"CONNECT ci.example:443 ")
    assert b"proxy-authorization: basic " in head.lower()


@pytest.mark.parametrize(
    ("answer", "text"),
    [(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407"), (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "502")],
)
def test_a_proxy_that_refuses_is_transient_and_its_password_stays_out(
    open_channel, delivery: Delivery, answer: bytes, text: str
) -> None:
    with (
        HttpSink() as sink,
        connect_proxy(sink.port, answer) as (proxy, _),
        open_channel({"url": "https://ci.example/hook"}, {"proxy": proxy}) as channel,
        pytest.raises(TransientFailure, match=text) as caught,
    ):
        channel.send(delivery)
    assert "hunter2" not in str(caught.value)


def test_a_tunnel_that_hangs_is_under_the_limit_of_connecting(open_channel, delivery: Delivery) -> None:
    with (
        HttpSink() as sink,
        connect_proxy(sink.port, b"") as (proxy, _),
        open_channel({"url": "https://ci.example/"}, {"proxy": proxy, "connect_timeout": "200ms"}) as channel,
        pytest.raises(TimedOut, match="no connection within 200ms"),
    ):
        channel.send(delivery)
