"""Through a SOCKS proxy: a real one, with its own look-ups, accounts and failures."""

from __future__ import annotations

import importlib.util
import logging
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
import trustme
from marshmallow import ValidationError

from pulp_events import Delivery, TimedOut, TransientFailure
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events_http.settings import HttpSettings


@pytest.mark.parametrize(
    ("scheme", "host", "kind", "asked"),
    [
        ("socks5", "127.0.0.1", "ipv4", "127.0.0.1"),
        ("socks5", "localhost", "ipv4", "127.0.0.1"),
        ("socks5h", "ci.example", "name", "ci.example"),
        ("socks5h", "127.0.0.1", "ipv4", "127.0.0.1"),
        ("socks4", "localhost", "ipv4", "127.0.0.1"),
        ("socks4a", "ci.example", "name", "ci.example"),
    ],
)
def test_reports_go_through_it_and_names_are_looked_up_where_its_scheme_says(
    open_channel, delivery: Delivery, socks_server, scheme: str, host: str, kind: str, asked: str
) -> None:
    with HttpSink() as sink, socks_server(hosts={"ci.example": "127.0.0.1"}) as socks:
        settings = {"proxy": f"{scheme}://127.0.0.1:{socks.port}", "networks": "127.0.0.0/8"}
        with open_channel({"url": f"http://{host}:{sink.port}/hook"}, settings) as channel:
            channel.send(delivery)
            channel.send(delivery)
        assert [request.path for request in sink.wait_for(2)] == ["/hook", "/hook"]
        assert sink.requests[0].body == delivery.report
        assert socks.asked == [(kind, asked, sink.port)]


def test_the_environment_may_name_it(open_channel, delivery: Delivery, socks_server, monkeypatch) -> None:
    with HttpSink() as sink, socks_server() as socks:
        monkeypatch.setenv("all_proxy", f"socks5h://127.0.0.1:{socks.port}")
        monkeypatch.setenv("no_proxy", "")
        with open_channel({"url": sink.url}) as channel:
            channel.send(delivery)
        assert len(socks.asked) == 1


def test_tls_is_verified_to_the_receiver_itself(
    open_channel, delivery: Delivery, socks_server, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("ci.example").configure_cert(context)
    hosts = {"ci.example": "127.0.0.1", "other.example": "127.0.0.1"}
    with HttpSink(ssl_context=context) as sink, socks_server(hosts=hosts) as socks:
        settings = {"proxy": f"socks5h://127.0.0.1:{socks.port}"}
        config = {"url": f"https://ci.example:{sink.port}/", "ca_path": str(tmp_path / "ca.pem")}
        with open_channel(config, settings) as channel:
            channel.send(delivery)
            channel.send(delivery)
            assert sink.connections == 1
        with (
            open_channel({**config, "url": f"https://other.example:{sink.port}/"}, settings) as channel,
            pytest.raises(TransientFailure, match="its certificate is not valid"),
        ):
            channel.send(delivery)
        assert len(sink.requests) == 2


@pytest.mark.parametrize("scheme", ["socks5h", "socks4a"])
def test_an_account_is_given_and_a_wrong_one_refused_without_its_password(
    open_channel, delivery: Delivery, socks_server, caplog, scheme: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with HttpSink() as sink, socks_server(account=(b"me", b"hunter22")) as socks:
        for account, right in (("me:hunter22", True), ("you:hunter23", False)):
            proxy = f"{scheme}://{account}@127.0.0.1:{socks.port}"
            with open_channel({"url": sink.url}, {"proxy": proxy}) as channel:
                if right:
                    channel.send(delivery)
                    continue
                with pytest.raises(TransientFailure, match=rf"the SOCKS proxy 127.0.0.1:{socks.port}: ") as caught:
                    channel.send(delivery)
        assert "hunter" not in f"{caught.value} {channel.detail} {caplog.text}"
        assert len(sink.wait_for(1)) == 1


@pytest.mark.parametrize(
    ("scheme", "refusal", "text"),
    [("socks5", 2, "not allowed by ruleset"), ("socks5", 5, "Connection refused"), ("socks4", 1, "rejected or failed")],
)
def test_a_refusal_is_transient_and_says_what_the_proxy_says(
    open_channel, delivery: Delivery, socks_server, scheme: str, refusal: int, text: str
) -> None:
    with (
        socks_server(refusal=refusal) as socks,
        open_channel({"url": "http://127.0.0.1:9/"}, {"proxy": f"{scheme}://127.0.0.1:{socks.port}"}) as channel,
        pytest.raises(TransientFailure, match=f"the SOCKS proxy 127.0.0.1:{socks.port}: .*{text}"),
    ):
        channel.send(delivery)


def test_a_proxy_that_is_not_there_or_speaks_otherwise_is_transient(open_channel, delivery: Delivery) -> None:
    def banner() -> None:
        with listening.accept()[0] as client:
            client.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
            client.recv(100)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        other = listening.getsockname()[1]
        threading.Thread(target=banner, daemon=True).start()
        for port, text in ((1, "Connection refused"), (other, "the SOCKS proxy .*: .*version")):
            with (
                open_channel({"url": "http://127.0.0.1:9/"}, {"proxy": f"socks5://127.0.0.1:{port}"}) as channel,
                pytest.raises(TransientFailure, match=text),
            ):
                channel.send(delivery)


def test_a_proxy_that_drips_is_under_the_limit_of_connecting(open_channel, delivery: Delivery, socks_server) -> None:
    # Ten bytes of answer, each of them sooner than the limit: the limit is that of all of them.
    settings = {"connect_timeout": "300ms", "timeout": "60s"}
    with HttpSink() as sink, socks_server(drip=0.2) as socks:
        began = time.monotonic()
        with (
            open_channel({"url": sink.url}, {**settings, "proxy": f"socks5://127.0.0.1:{socks.port}"}) as channel,
            pytest.raises(TimedOut, match="no connection within 300ms"),
        ):
            channel.send(delivery)
        assert time.monotonic() - began < 30  # of 60
        assert sink.connections == 0


def test_behind_it_the_whole_has_its_limit_too(open_channel, delivery: Delivery, socks_server) -> None:
    with HttpSink(Answer(body=b"x" * 1000, fault="drip")) as sink, socks_server() as socks:
        settings = {"timeout": "600ms", "read_timeout": "500ms", "proxy": f"socks5://127.0.0.1:{socks.port}"}
        with (
            open_channel({"url": sink.url}, settings) as channel,
            pytest.raises(TimedOut, match="no answer within 600ms"),
        ):
            channel.send(delivery)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
def test_an_address_that_is_not_allowed_is_never_asked_for(
    open_channel, delivery: Delivery, socks_server, scheme: str
) -> None:
    with socks_server() as socks:
        for host in ("169.254.169.254", "2852039166"):
            with (
                open_channel({"url": f"http://{host}/"}, {"proxy": f"{scheme}://127.0.0.1:{socks.port}"}) as channel,
                pytest.raises(TransientFailure, match="not allowed"),
            ):
                channel.send(delivery)
        assert socks.asked == []


def test_the_proxy_is_asked_for_the_address_that_was_held_against_the_networks(
    open_channel, delivery: Delivery, socks_server, monkeypatch
) -> None:
    """DNS rebinding: there is one look-up, and what is checked is what is asked for."""
    look_up, answers = socket.getaddrinfo, ["127.0.0.1", "169.254.169.254"]

    def rebinding(host, port, *rest):
        if host != "rebind.example":
            return look_up(host, port, *rest)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    with HttpSink() as sink, socks_server() as socks, monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", rebinding)
        url, settings = f"http://rebind.example:{sink.port}/", {"proxy": f"socks5://127.0.0.1:{socks.port}"}
        with open_channel({"url": url}, settings) as channel:
            channel.send(delivery)
        assert socks.asked == [("ipv4", "127.0.0.1", sink.port)]
        with (
            open_channel({"url": url}, settings) as channel,
            pytest.raises(TransientFailure, match=r"169\.254\.169\.254 is not allowed"),
        ):
            channel.send(delivery)
        assert len(socks.asked) == 1


def test_without_its_extra_it_is_refused_with_what_to_install(open_channel, delivery: Delivery, monkeypatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "python_socks" else find(name, *rest)
    )
    with pytest.raises(ValidationError, match=r"pulp-events-http\[socks\]"):
        HttpSettings().load({"proxy": "socks5h://127.0.0.1:1080"})
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:1080")
    monkeypatch.setenv("no_proxy", "")
    with (
        pytest.raises(TransientFailure, match=r"pulp-events-http\[socks\]"),
        open_channel({"url": "http://ci.example/"}),
    ):
        pass
