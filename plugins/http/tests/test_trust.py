"""TLS contexts that listeners share: by contents of files, never by their names or times; sessions; whom we trust."""

from __future__ import annotations

import contextlib
import os
import ssl
import threading
from collections import OrderedDict
from pathlib import Path

import pytest
import trustme

from pulp_events import Delivery, TransientFailure
from pulp_events.testing.http_sink import HttpSink
from pulp_events_http.connections import tls
from pulp_events_http.connections.kept import KEPT
from pulp_events_http.connections.tls import TRUSTS, TlsFiles


def context_of(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def other_authority() -> trustme.CA:
    return trustme.CA(organization_name="another")


@pytest.fixture
def fresh(monkeypatch) -> None:
    """As in a process that has read no authorities yet."""
    monkeypatch.setattr(TRUSTS, "_known", OrderedDict())


def overwrite(path: str | Path, data: bytes) -> None:
    """Put other contents in a file, of one size and with one time of change: nothing but the contents tells."""
    path = Path(path)
    before = path.stat()
    size = max(before.st_size, len(data))
    path.write_bytes(data.ljust(size, b"\n"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


# ---- contexts --------------------------------------------------------------------------------------------------------


def test_equal_contents_make_one_context_whatever_the_files_are_called(bundle: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.pem"
    copy.write_bytes(Path(bundle).read_bytes())
    one = TRUSTS.get(TlsFiles(bundle))
    assert TRUSTS.get(TlsFiles(bundle)) is one
    assert TRUSTS.get(TlsFiles(str(copy))) is one
    assert TRUSTS.get(TlsFiles(bundle, insecure=True)) is not one
    copy.write_bytes(Path(bundle).read_bytes() * 2)
    assert TRUSTS.get(TlsFiles(str(copy)), look=True) is not one


def test_a_directory_is_its_certificates(authority, other_authority, tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    folder.mkdir()
    authority.cert_pem.write_to_path(str(folder / "0a1b2c3d.0"))
    one = TRUSTS.get(TlsFiles(str(folder)), look=True)
    (folder / "README").write_text("no certificate")
    (folder / "dangling.0").symlink_to("nowhere")
    assert TRUSTS.get(TlsFiles(str(folder)), look=True) is one
    overwrite(folder / "0a1b2c3d.0", other_authority.cert_pem.bytes())
    assert TRUSTS.get(TlsFiles(str(folder)), look=True) is not one


def test_contexts_that_nobody_uses_are_let_go(bundle: str, tmp_path: Path, monkeypatch, fresh) -> None:
    monkeypatch.setattr(tls, "MOST_FILES", 3)
    for number in range(8):
        path = tmp_path / f"{number}.pem"
        path.write_bytes(Path(bundle).read_bytes() + b"\n" * number)
        TRUSTS.get(TlsFiles(str(path)))
    assert len(TRUSTS._known) == 3


def test_threads_that_come_at_once_get_one_context(bundle: str, fresh) -> None:
    found, barrier = set(), threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        found.add(TRUSTS.get(TlsFiles(bundle)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def test_listeners_of_one_authority_share_context_and_connection(
    open_channel, delivery: Delivery, server_context, bundle: str, monkeypatch
) -> None:
    made = []
    build = tls._context
    monkeypatch.setattr(tls, "_context", lambda files: made.append(files) or build(files))
    with HttpSink(ssl_context=server_context) as sink, contextlib.ExitStack() as stack:
        for number in range(20):
            config = {"url": f"{sink.url}/{number}", "ca_path": bundle, "token": f"t{number}"}
            stack.enter_context(open_channel(config)).send(delivery)
        assert sink.connections == 1
    assert len(made) <= 1


def test_a_connection_made_by_other_certificates_is_not_used(
    open_channel, delivery: Delivery, authority, server_context, bundle: str, tmp_path: Path
) -> None:
    issued = authority.issue_cert("client@h.example")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    (tmp_path / "more.pem").write_bytes(Path(bundle).read_bytes() * 2)
    variants = [{}, {"insecure": True}, {"cert": str(tmp_path / "client.pem")}, {"ca_path": str(tmp_path / "more.pem")}]
    with HttpSink(ssl_context=server_context) as sink, contextlib.ExitStack() as stack:
        for variant in variants * 2:
            config = {"url": sink.url, "ca_path": bundle, **variant}
            stack.enter_context(open_channel(config)).send(delivery)
        assert [request.connection for request in sink.requests] == [1, 2, 3, 4] * 2


# ---- files that change -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reopened", [True, False])
def test_an_authority_that_was_replaced_is_trusted_and_the_old_one_not(
    open_channel, delivery: Delivery, authority, other_authority, bundle: str, monkeypatch, reopened: bool
) -> None:
    """Found by the contents, by a new channel at once, by an open one after NAMED_AGE."""
    if not reopened:
        monkeypatch.setattr(tls, "NAMED_AGE", 0.0)
    with (
        HttpSink(ssl_context=context_of(authority)) as before,
        HttpSink(ssl_context=context_of(other_authority)) as after,
        contextlib.ExitStack() as stack,
    ):

        def opened(sink: HttpSink):
            return stack.enter_context(open_channel({"url": sink.url, "ca_path": bundle}))

        old, new = opened(before), opened(after)
        old.send(delivery)
        with pytest.raises(TransientFailure, match="not valid"):
            new.send(delivery)
        overwrite(bundle, other_authority.cert_pem.bytes())
        if reopened:
            old, new = opened(before), opened(after)
        new.send(delivery)
        with pytest.raises(TransientFailure, match="not valid") as caught:
            old.send(delivery)
        assert caught.value.credentials
        assert (len(before.requests), len(after.requests)) == (1, 1)


def test_a_client_certificate_that_was_replaced_is_presented(
    open_channel, delivery: Delivery, authority, other_authority, bundle: str, tmp_path: Path
) -> None:
    strict = context_of(authority)
    strict.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(strict)
    cert = tmp_path / "client.pem"
    cert.write_bytes(other_authority.issue_cert("c@h.example").private_key_and_cert_chain_pem.bytes())
    config = {"ca_path": bundle, "cert": str(cert)}
    with HttpSink(ssl_context=strict) as sink:
        with open_channel({"url": sink.url, **config}) as channel:
            with pytest.raises(TransientFailure) as caught:
                channel.send(delivery)
            assert caught.value.credentials or "closed" in str(caught.value) or "reset" in str(caught.value).lower()
        overwrite(cert, authority.issue_cert("c@h.example").private_key_and_cert_chain_pem.bytes())
        with open_channel({"url": sink.url, **config}) as channel:
            channel.send(delivery)
        assert len(sink.requests) == 1


def test_a_file_that_goes_away_under_an_open_channel_is_a_failure_that_names_it(
    open_channel, delivery: Delivery, server_context, bundle: str, monkeypatch
) -> None:
    monkeypatch.setattr(tls, "NAMED_AGE", 0.0)
    with (
        HttpSink(ssl_context=server_context) as sink,
        open_channel({"url": sink.url, "ca_path": bundle}) as channel,
    ):
        channel.send(delivery)
        data = Path(bundle).read_bytes()
        Path(bundle).unlink()
        with pytest.raises(TransientFailure, match=bundle):
            channel.send(delivery)
        Path(bundle).write_bytes(data)
        channel.send(delivery)


# ---- sessions --------------------------------------------------------------------------------------------------------


def renew() -> None:
    """Close the connections that rest."""
    for route in list(KEPT._by_route):
        KEPT.drop(route)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_by_the_next_connection_of_any_channel(
    open_channel, delivery: Delivery, server_context, bundle: str, version
) -> None:
    server_context.maximum_version = version
    config = {"ca_path": bundle}
    with HttpSink(ssl_context=server_context) as sink:
        for number in range(5):
            with open_channel({"url": f"{sink.url}/{number}", **config}) as channel:
                channel.send(delivery)
        # All but the first two; and the second, if the first had its session before the answer was read.
        assert sink.connections == 5 and sink.resumed in (3, 4)


def test_a_session_is_not_resumed_by_those_who_verify_otherwise(
    open_channel, delivery: Delivery, authority, bundle: str
) -> None:
    with HttpSink(ssl_context=context_of(authority, "other.example")) as sink:
        for _ in range(3):
            with open_channel({"url": sink.url, "insecure": True}) as channel:
                channel.send(delivery)
        resumed = sink.resumed
        assert resumed in (1, 2)
        for config in ({}, {"ca_path": bundle}):
            with open_channel({"url": sink.url, **config}) as channel, pytest.raises(TransientFailure):
                channel.send(delivery)
        assert (len(sink.requests), sink.resumed) == (3, resumed)


def test_a_session_is_not_resumed_with_another_host(
    open_channel, delivery: Delivery, server_context, bundle: str
) -> None:
    with HttpSink(ssl_context=server_context) as sink:
        resumed = []
        for host in ("127.0.0.1", "127.0.0.1", "127.0.0.1", "localhost"):
            with open_channel({"url": f"https://{host}:{sink.port}/", "ca_path": bundle}) as channel:
                channel.send(delivery)
            resumed.append(sink.resumed)
        assert sink.connections == 4 and resumed[1] < resumed[2] == resumed[3]


def test_a_session_that_is_old_is_not_resumed(
    open_channel, delivery: Delivery, server_context, bundle: str, monkeypatch
) -> None:
    with HttpSink(ssl_context=server_context) as sink, open_channel({"url": sink.url, "ca_path": bundle}) as channel:
        for _ in range(3):
            channel.send(delivery)
            renew()
        resumed = sink.resumed
        monkeypatch.setattr(tls, "SESSION_AGE", 0.0)
        channel.send(delivery)
        assert sink.connections == 4 and sink.resumed == resumed >= 1


# ---- whom we trust ---------------------------------------------------------------------------------------------------


def test_the_systems_authorities_are_trusted(
    open_channel, delivery: Delivery, server_context, bundle: str, monkeypatch, fresh
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", bundle)  # what OpenSSL takes for the system's
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with HttpSink(ssl_context=server_context) as sink, open_channel({"url": sink.url}) as channel:
        channel.send(delivery)


def test_without_a_store_of_the_systems_certifis_is_trusted(monkeypatch, tmp_path: Path, fresh) -> None:
    monkeypatch.setattr(
        ssl, "get_default_verify_paths", lambda: ssl.DefaultVerifyPaths(None, str(tmp_path), "", "", "", "")
    )
    assert len(TRUSTS.get(TlsFiles()).context.get_ca_certs()) > 50


@pytest.mark.parametrize("where", ["setting", "environment", "listener"])
def test_other_authorities_are_named_by_listener_setting_or_environment_in_this_order(
    open_channel, delivery: Delivery, server_context, other_authority, bundle: str, tmp_path, monkeypatch, where: str
) -> None:
    wrong = tmp_path / "wrong.pem"
    other_authority.cert_pem.write_to_path(str(wrong))
    settings, config = {"ca_path": str(wrong)}, {}
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(wrong))
    if where == "listener":
        config = {"ca_path": bundle}
    elif where == "setting":
        settings = {"ca_path": bundle}
    else:
        settings = {}
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with HttpSink(ssl_context=server_context) as sink, open_channel({"url": sink.url, **config}, settings) as channel:
        channel.send(delivery)


@pytest.mark.parametrize("problem", ["unknown authority", "wrong name", "no TLS"])
def test_a_tls_failure_speaks_of_credentials(
    open_channel, delivery: Delivery, raw_server, authority, server_context, bundle: str, problem: str
) -> None:
    context = context_of(authority, "other.example") if problem == "wrong name" else server_context

    def plain(connection, number: int) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 This is plain HTTP\r\n\r\n")

    with raw_server(plain) if problem == "no TLS" else HttpSink(ssl_context=context) as server:
        url = server.replace("http:", "https:") if isinstance(server, str) else server.url
        config = {} if problem == "unknown authority" else {"ca_path": bundle}
        with open_channel({"url": url, **config}) as channel, pytest.raises(TransientFailure) as caught:
            channel.send(delivery)
    assert caught.value.credentials
