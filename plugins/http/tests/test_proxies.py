"""Through a proxy, and past it."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import sys
import threading

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from pulp_events import Delivery, TransientFailure
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events_http.no_proxy import goes_past
from pulp_events_http.notifier import HttpNotifier
from pulp_events_http.proxies import parse_proxy, proxy_for
from pulp_events_http.settings import HttpSettings

AWKWARD = "p/a#s?s\\w:ö€@&"


@pytest.fixture(autouse=True)
def no_proxy_around(monkeypatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Tunnel:
    """Answers CONNECT with `answer`, and joins the client with 127.0.0.1:`port`; keeps the heads that came."""

    def __init__(self, port: int, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        self.port = port
        self.answer = answer
        self.heads: list[bytes] = []

    def __call__(self, client: socket.socket, number: int) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(65536)
            if not data:
                return
            head += data
        self.heads.append(head)
        client.sendall(self.answer)
        with socket.create_connection(("127.0.0.1", self.port)) as server:
            back = threading.Thread(target=copy, args=(server, client), daemon=True)
            back.start()
            copy(client, server)
            back.join(30)


def copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def credentials(head: bytes) -> str:
    (line,) = [line for line in head.decode().split("\r\n") if line.lower().startswith("proxy-authorization:")]
    return base64.b64decode(line.rpartition(" ")[2]).decode()


# ---- HTTPS proxies ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def private() -> trustme.CA:
    """The authority of a proxy, and of nobody else."""
    return trustme.CA(organization_name="proxies")


@pytest.fixture
def proxy_context(private: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def proxy_bundle(private: trustme.CA, tmp_path) -> str:
    private.cert_pem.write_to_path(str(tmp_path / "proxy-ca.pem"))
    return str(tmp_path / "proxy-ca.pem")


def with_account(url: str) -> str:
    return url.replace("://", "://me:hunter22@").rstrip("/")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_under_a_private_authority_is_trusted_by_a_setting(
    open_channel, delivery: Delivery, raw_server, server_context, proxy_context, bundle, proxy_bundle, scheme: str
) -> None:
    with HttpSink(ssl_context=server_context if scheme == "https" else None) as sink:
        tunnel = Tunnel(sink.port)
        if scheme == "http":  # then a proxy is asked for the URL, and is itself the server here
            sink.close()
            sink = HttpSink(ssl_context=proxy_context)
            serving = contextlib.nullcontext(sink.url)
        else:
            serving = raw_server(tunnel, proxy_context)
        with serving as url, sink:
            settings = {"proxy": with_account(url), "proxy_ca_path": proxy_bundle}
            config = {"url": f"{scheme}://ci.example/hook"}
            if scheme == "https":
                config["ca_path"] = bundle
            with open_channel(config, settings) as channel:
                channel.send(delivery)
                channel.send(delivery)
        assert [request.connection for request in sink.requests] == [1, 1]
        if scheme == "https":
            assert [request.path for request in sink.requests] == ["/hook", "/hook"]
            assert "proxy-authorization" not in sink.requests[0].headers
            assert credentials(tunnel.heads[0]) == "me:hunter22"
        else:
            assert sink.requests[0].path == "http://ci.example/hook"
            assert "proxy-authorization" in sink.requests[0].headers
            assert sink.requests[0].headers["host"] == "ci.example"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("config", [{}, {"insecure": True}, {"ca_path": "proxy"}])
def test_a_listeners_options_are_about_its_receiver_and_never_about_the_proxy(
    open_channel, delivery: Delivery, raw_server, proxy_context, proxy_bundle, scheme: str, config
) -> None:
    tunnel = Tunnel(1)
    config = {**config, "ca_path": proxy_bundle} if "ca_path" in config else config
    with (
        raw_server(tunnel, proxy_context) as url,
        open_channel({"url": f"{scheme}://ci.example/", **config}, {"proxy": with_account(url)}) as channel,
        pytest.raises(TransientFailure) as caught,
    ):
        channel.send(delivery)
    port = url.rstrip("/").rpartition(":")[2]
    assert str(caught.value).startswith(f"ci.example: the proxy 127.0.0.1:{port}: its certificate is not valid")
    assert caught.value.credentials
    assert tunnel.heads == []


def test_a_target_that_is_not_trusted_is_named_as_the_target(
    open_channel, delivery: Delivery, raw_server, server_context, proxy_context, proxy_bundle
) -> None:
    with HttpSink(ssl_context=server_context) as sink, raw_server(Tunnel(sink.port), proxy_context) as url:
        settings = {"proxy": url.rstrip("/"), "proxy_ca_path": proxy_bundle}
        with (
            open_channel({"url": "https://ci.example/"}, settings) as channel,
            pytest.raises(TransientFailure, match="^ci.example: its certificate is not valid"),
        ):
            channel.send(delivery)


@pytest.mark.parametrize("size", [10, 500_000])
def test_tls_within_tls_carries_large_reports_and_keeps_to_the_limits(
    open_channel, delivery: Delivery, raw_server, server_context, proxy_context, bundle, proxy_bundle, size: int
) -> None:
    import dataclasses

    report = dataclasses.replace(delivery, report=b'"%s"' % (b"x" * size))
    answers = [Answer(), Answer(), Answer(body=b"x" * 1000, fault="hang")]
    with HttpSink(answers, ssl_context=server_context) as sink, raw_server(Tunnel(sink.port), proxy_context) as url:
        config = {"url": "https://ci.example/", "ca_path": bundle}
        settings = {"proxy": url.rstrip("/"), "proxy_ca_path": proxy_bundle}
        with (
            open_channel(config, settings) as channel,
            open_channel(config, {**settings, "read_timeout": "500ms"}) as hasty,
        ):
            channel.send(report)
            channel.send(report)
            assert sink.connections == 1
            assert sink.requests[0].body == report.report
            with pytest.raises(TransientFailure, match="silent for 500ms"):
                hasty.send(report)


class Stopping:
    """A server that answers a head at once, and closes with the rest of the request unread."""

    def __init__(self, context: ssl.SSLContext, answer: bytes) -> None:
        self.context = context
        self.answer = answer

    def __call__(self, connection: socket.socket, number: int) -> None:
        with self.context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(2000)
            secure.sendall(self.answer)


loses_answers = pytest.mark.xfail(
    sys.version_info >= (3, 14),
    reason="Python 3.14.8 answers a read of the inner connection with the error that the outer one had before",
    strict=False,  # where the write does not fail before the answer is read, it is not lost
)


@loses_answers
def test_an_early_answer_is_read_through_tls_within_tls(
    open_channel, delivery: Delivery, raw_server, server_context, proxy_context, bundle, proxy_bundle
) -> None:
    import dataclasses

    report = dataclasses.replace(delivery, report=b'"%s"' % (b"x" * 3_000_000))
    server = Stopping(server_context, b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nwell")
    with (
        raw_server(server) as target,
        raw_server(Tunnel(int(target.rstrip("/").rpartition(":")[2])), proxy_context) as url,
    ):
        settings = {"proxy": url.rstrip("/"), "proxy_ca_path": proxy_bundle}
        with (
            open_channel({"url": "https://ci.example/", "ca_path": bundle}, settings) as channel,
            pytest.raises(TransientFailure, match="413 Content Too Large: well"),
        ):
            channel.send(report)


@loses_answers
def test_what_came_is_read_after_a_write_failed_in_tls_within_tls(
    raw_server, server_context, proxy_context, bundle, proxy_bundle
) -> None:
    """The outer connection is closed with the answer in it; the write that finds this out must not lose it."""
    from pulp_events_http.connections.tls_in_tls import pending, wrap
    from pulp_events_http.limits import TimeLimits

    answered = threading.Event()

    def serve(outer: ssl.SSLSocket, number: int) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = server_context.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                inner.do_handshake()
                break
            except ssl.SSLWantReadError:
                outer.sendall(outgoing.read())
                incoming.write(outer.recv(65536))
        inner.write(b"well")
        outer.sendall(outgoing.read())
        outer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        outer.close()
        answered.set()

    limits = TimeLimits(60, 60, 60)
    limits.begin()
    trusting = ssl.create_default_context(cafile=proxy_bundle)
    with raw_server(serve, proxy_context) as url:
        raw = socket.create_connection(("127.0.0.1", int(url.rstrip("/").rpartition(":")[2])))
        outer = trusting.wrap_socket(raw, server_hostname="127.0.0.1")
        with contextlib.closing(wrap(outer, ssl.create_default_context(cafile=bundle), "127.0.0.1", limits)) as made:
            assert answered.wait(30)
            with pytest.raises(OSError):
                for _ in range(100):
                    made.sendall(b"x" * 16384)
            assert made.recv(2) == b"we"
            assert pending(made) == 2
            assert made.recv(100) == b"ll"


def test_a_handshake_that_drips_through_a_tunnel_is_under_the_limit_of_connecting(
    open_channel, delivery: Delivery, raw_server, proxy_context, proxy_bundle
) -> None:
    over = threading.Event()

    def drip(client: socket.socket, number: int) -> None:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for byte in b"\x16\x03\x03\x3f\xff" + b"x" * 1000:
            client.sendall(bytes([byte]))
            if over.wait(0.05):
                return

    with raw_server(drip, proxy_context) as url:
        settings = {"proxy": url.rstrip("/"), "proxy_ca_path": proxy_bundle, "connect_timeout": "300ms"}
        with (
            open_channel({"url": "https://ci.example/"}, settings) as channel,
            pytest.raises(TransientFailure, match="no connection within 300ms"),
        ):
            channel.send(delivery)
        over.set()


# ---- what a proxy answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "text", "about_credentials"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nwho", "407 Proxy Auth", True),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "refused the tunnel: 403 Forbidden", True),
        (b"HTTP/1.1 502 Bad Gateway\r\n" + b"X: y\r\n" * 200 + b"\r\n", "refused the tunnel: 502 Bad Gateway", False),
        (b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n", "refused the tunnel: 302", False),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "its answer is not HTTP", False),
        (b"HTTP/1.1 200 OK\r\n\r\nwelcome", "not HTTP: data came", False),
    ],
)
def test_what_a_proxy_says_is_told_as_its_own_words_and_tried_again(
    open_channel, delivery: Delivery, raw_server, answer: bytes, text: str, about_credentials: bool
) -> None:
    with HttpSink() as sink, raw_server(Tunnel(sink.port, answer)) as url:
        with (
            open_channel({"url": "https://ci.example/"}, {"proxy": with_account(url)}) as channel,
            pytest.raises(TransientFailure) as caught,
        ):
            channel.send(delivery)
        assert sink.requests == []
    assert type(caught.value) is TransientFailure
    assert text in str(caught.value) and ": the proxy 127.0.0.1:" in str(caught.value)
    assert caught.value.credentials == about_credentials
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\n\r\n", 120.0),
        (b"HTTP/1.1 429 Too Many Requests\r\n\r\n", 60.0),
        (b"HTTP/1.1 403 Forbidden\r\nRetry-After: 120\r\n\r\n", None),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", None),
    ],
)
@pytest.mark.parametrize("url", ["https://ci.example/", "http://ci.example/"])
def test_a_proxy_that_asks_for_a_pause_gets_one(
    open_channel, delivery: Delivery, raw_server, answer: bytes, pause: float | None, url: str
) -> None:
    with (
        raw_server(Tunnel(1, answer)) as proxy,
        open_channel({"url": url}, {"proxy": proxy.rstrip("/")}) as channel,
        pytest.raises(TransientFailure) as caught,
    ):
        channel.send(delivery)
    assert caught.value.retry_after == pause


@pytest.mark.parametrize("url", ["https://ci.example/", "http://ci.example/"])
def test_a_proxy_that_wants_an_account_names_the_setting(
    open_channel, delivery: Delivery, raw_server, url: str
) -> None:
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with (
        raw_server(Tunnel(1, answer)) as proxy,
        open_channel({"url": url}, {"proxy": proxy.rstrip("/")}) as channel,
        pytest.raises(TransientFailure, match=r"407 Proxy Authentication Required; .* in \[http\] proxy") as caught,
    ):
        channel.send(delivery)
    assert caught.value.credentials


def test_interim_answers_of_a_proxy_are_left_aside(
    open_channel, delivery: Delivery, raw_server, server_context, bundle: str
) -> None:
    answer = b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"
    with HttpSink(ssl_context=server_context) as sink, raw_server(Tunnel(sink.port, answer)) as url:
        settings = {"proxy": url.rstrip("/")}
        with open_channel({"url": "https://ci.example/", "ca_path": bundle}, settings) as channel:
            channel.send(delivery)
        assert [one.body for one in sink.wait_for(1)] == [delivery.report]


@pytest.mark.parametrize("proxy", ["http://nowhere.invalid:3128", "https://nowhere.invalid", "http://127.0.0.1:1"])
def test_a_proxy_that_is_not_there_is_named(open_channel, delivery: Delivery, proxy: str) -> None:
    for url in ("http://127.0.0.1:9/", "https://127.0.0.1:9/"):
        with (
            open_channel({"url": url}, {"proxy": proxy}) as channel,
            pytest.raises(
                TransientFailure, match="^127.0.0.1:9: the proxy (nowhere.invalid|127.0.0.1):.*resol|refused"
            ),
        ):
            channel.send(delivery)


# ---- user names and passwords ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["setting", "environment"])
def test_a_password_may_have_any_character(
    open_channel, delivery: Delivery, raw_server, server_context, bundle: str, monkeypatch, where: str
) -> None:
    with HttpSink(ssl_context=server_context) as sink:
        tunnel = Tunnel(sink.port)
        with raw_server(tunnel) as url:
            proxy = url.replace("://", f"://me:{AWKWARD}@").rstrip("/")
            settings = {"proxy": proxy} if where == "setting" else {}
            if where == "environment":
                monkeypatch.setenv("HTTPS_PROXY", proxy)
            with open_channel({"url": "https://ci.example/", "ca_path": bundle}, settings) as channel:
                channel.send(delivery)
        assert credentials(tunnel.heads[0]) == f"me:{AWKWARD}"


@pytest.mark.parametrize("password", [AWKWARD, "x" * 255, "ü" * 100])
def test_socks_takes_the_same_passwords(open_channel, delivery: Delivery, socks_server, password: str) -> None:
    with HttpSink() as sink, socks_server(account=(b"me", password.encode())) as socks:
        proxy = f"socks5h://me:{password}@127.0.0.1:{socks.port}"
        with open_channel({"url": sink.url}, {"proxy": proxy}) as channel:
            channel.send(delivery)
        assert [one.body for one in sink.wait_for(1)] == [delivery.report]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_a_password_is_what_was_written_unless_it_is_escaped(password: str) -> None:
    from urllib.parse import quote, unquote

    assert parse_proxy(f"http://me:{password}@p.example:3128").password == unquote(password)
    assert parse_proxy(f"http://me:{quote(password, safe='')}@p.example:3128").password == password


@pytest.mark.parametrize(
    "text",
    ["http://me:PASSWORD", "http://me:PASSWORD@", "http://me:PASS\x01WORD@p", "ftp://me:PASSWORD@p", "http://me:PASSWORD@p:x",
     "http://me:PASSWORD@p/path", "http://me:PASSWORD@[::1"],
)  # fmt: skip
def test_a_proxy_that_is_refused_is_refused_without_its_password(
    open_channel, delivery: Delivery, monkeypatch, text: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        HttpSettings().load({"proxy": text})
    monkeypatch.setenv("HTTP_PROXY", text.replace("\x01", "%01"))
    with pytest.raises(TransientFailure) as failed, open_channel({"url": "http://ci.example/"}):
        pass
    for shown in (str(caught.value.messages), str(failed.value)):
        assert "PASS" not in shown and "WORD" not in shown


def test_a_receiver_that_repeats_the_proxys_credentials_is_not_believed(open_channel, delivery: Delivery) -> None:
    echo = lambda request: Answer(500, body=f"{request.headers} hunter2%2F2 {request.path}".encode())  # noqa: E731
    with HttpSink(echo) as proxy:
        settings = {"proxy": proxy.url.replace("://", "://me:hunter2%2F2@")}
        with (
            open_channel({"url": "http://ci.example/hook?token=qu3ry-s3cret"}, settings) as channel,
            pytest.raises(TransientFailure) as caught,
        ):
            channel.send(delivery)
    shown = f"{caught.value} {channel.detail}"
    assert "hunter2" not in shown and base64.b64encode(b"me:hunter2/2").decode() not in shown
    assert "qu3ry-s3cret" not in shown


# ---- past the proxy --------------------------------------------------------------------------------------------------

PAST = [
    ("h.example", "h.example", True), (".h.example", "a.h.example", True), ("*.h.example", "a.h.example", True),
    ("h.example", "a.b.h.example", True), ("h.example", "bah.example", False), ("H.Example", "h.eXample", True),
    ("h.example.", "h.example", True), ("h.example", "h.example.", True), ("host.", "host", True),
    ("10.0.0.0/8", "10.1.2.3", True), ("10.0.0.0/8", "11.1.2.3", False), ("127.0.0.1", "127.1", True),
    ("127.0.0.0/8", "0x7f000001", True), ("127.0.0.1", "2130706433", True), ("10.1", "10.0.0.1", True),
    ("127.0.0.1", "::ffff:127.0.0.1", True), ("::ffff:127.0.0.1", "127.0.0.1", True),
    ("::1", "::1", True), ("[::1]", "::1", True), ("[::1]:8080", "::1", True), ("[::1]:8081", "::1", False),
    ("fd00::/8", "fd12::1", True), ("[fd00::]/8", "fd12::1", True), ("fd00::/8", "fe00::1", False),
    ("0:0:0:0:0:0:0:1", "::1", True), ("h.example:8080", "h.example", True), ("h.example:81", "h.example", False),
    ("bücher.example", "xn--bcher-kva.example", True), ("xn--bcher-kva.example", "bücher.example", True),
    ("[::/64]", "::1", True), ("[fd00::/8]", "fe00::1", False), ("127.*", "127.0.0.1", True),
    ("10.1.*", "10.2.0.1", False), ("10.1.2.*", "10.1.2.9", True), ("127.*", "x.127.example", False),
    ("http://localhost", "localhost", True), ("HTTPS://h.example:8080/", "h.example", True),
    ("http://h.example:81", "h.example", False), ("http://127.0.0.1/", "127.1", True),
    ("*", "anything", True), ("", "h", False), (".", "h", False), ("*.", "h", False), ("[", "h", False),
    ("10.0.0.0/99", "10.0.0.1", False), ("example", "10.0.0.1", False), ("0.0.1", "10.0.0.1", False),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "host", "past"), PAST)
def test_settings_and_environment_understand_hosts_alike(monkeypatch, entry: str, host: str, past: bool) -> None:
    assert goes_past([entry], host, 8080) is past
    assert (proxy_for("http", host, 8080, "http://p:1", ["x.example", entry]) is None) is past
    for variable in ("no_proxy", "NO_PROXY"):
        with monkeypatch.context() as patch:
            patch.setenv("HTTP_PROXY" if variable.isupper() else "http_proxy", "http://p:1")
            patch.setenv(variable, f"x.example, {entry}")
            assert (proxy_for("http", host, 8080, "environment", []) is None) is past


@pytest.mark.parametrize(
    "text", ["h.example 10.0.0.0/8", " h.example , 10.0.0.0/8 ", "h.example\n  10.0.0.0/8", "h.example,,10.0.0.0/8"]
)
def test_entries_are_separated_by_commas_or_spaces(text: str) -> None:
    assert HttpSettings().load({"no_proxy": text})["no_proxy"] == ["h.example", "10.0.0.0/8"]


@pytest.mark.parametrize(
    "entry",
    ["[", "*.", "h.*.example", "*h.example", "10.*.1", "999.*", "10.0.0.0/99", "[::/200]", "::1]", "http://", "http://h/path",
     "h:99999", "h:0", "h:port", "h;x", "h.example|x", "a..b", "-h", "user@h"],
)  # fmt: skip
def test_an_entry_that_stands_for_no_host_is_refused(entry: str) -> None:
    with pytest.raises(ValidationError) as caught:
        HttpSettings().load({"no_proxy": ["h.example", entry]})
    assert "does not name a host; write a name" in str(caught.value.messages)


@pytest.mark.parametrize("entry", sorted({entry for entry, _, past in PAST if past}))
def test_an_entry_that_is_understood_is_accepted(entry: str) -> None:
    assert HttpSettings().load({"no_proxy": entry})["no_proxy"] == [entry]


@given(st.text(max_size=30), st.sampled_from(["h.example", "127.0.0.1", "::1", "xn--bcher-kva.example"]))
def test_no_entry_breaks_it(entry: str, host: str) -> None:
    assert goes_past([entry], host, 80) in (True, False)


@pytest.mark.parametrize(
    ("environment", "scheme", "proxy"),
    [
        ({"http_proxy": "http://a:1", "HTTP_PROXY": "http://b:1"}, "http", "a"),
        ({"HTTP_PROXY": "http://b:1"}, "http", "b"),
        ({"HTTP_PROXY": "http://b:1", "REQUEST_METHOD": "POST"}, "http", None),
        ({"http_proxy": "", "HTTP_PROXY": "http://b:1"}, "http", None),
        ({"http_proxy": "http://a:1"}, "https", None),
        ({"all_proxy": "http://c:1"}, "https", "c"),
        ({"https_proxy": "a:3128", "all_proxy": "http://c:1"}, "https", "a"),
        ({"https_proxy": "http://a:1", "NO_PROXY": "x h.example"}, "https", None),
    ],
)
def test_the_environments_variables_are_read_as_others_read_them(monkeypatch, environment, scheme, proxy) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(scheme, "h.example", 80, "environment", [])
    assert (found.host if found else None) == proxy


@pytest.mark.parametrize("entry", ["127.0.0.0/8", "*", "127.1", "::ffff:127.0.0.1"])
def test_what_is_excepted_never_reaches_the_proxy(open_channel, delivery: Delivery, monkeypatch, entry: str) -> None:
    with HttpSink() as proxy, HttpSink() as sink:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", entry)
        with open_channel({"url": sink.url}) as channel:
            channel.send(delivery)
        assert (proxy.connections, sink.connections) == (0, 1)


USELESS = ["10.0.0.1-10.0.0.9", "*.example.*", "<local>", "ci.example:99999", "10.0.0.0/40", "http://u:hunter2@h"]


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("entry", USELESS)
def test_an_entry_of_the_environment_that_stands_for_no_host_is_told_and_keeps_nothing_from_being_sent(
    monkeypatch, variable, entry
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv(variable, f"localhost, {entry} 10.0.0.0/8")
    [text] = HttpNotifier().settings_warnings(HttpSettings().load({}))
    assert f"environment variable {variable} has an entry that is ignored" in text and "does not name a host" in text
    assert entry.partition("hunter2")[0] in text and "hunter2" not in text and "write a name" in text
    proxy = proxy_for("http", "ci.example", 80, "environment", [])
    assert proxy is not None and proxy_for("http", "localhost", 80, "environment", []) is None


def test_an_environment_without_such_entries_or_that_is_not_asked_is_not_told_of(monkeypatch) -> None:
    assert HttpNotifier().settings_warnings(HttpSettings().load({})) == []
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "<local>")  # the other one holds
    assert HttpNotifier().settings_warnings(HttpSettings().load({})) == []
    monkeypatch.setenv("no_proxy", "*, .example, [::1]:80,,10.1.*")
    assert HttpNotifier().settings_warnings(HttpSettings().load({})) == []
    monkeypatch.setenv("no_proxy", "<local>")
    assert HttpNotifier().settings_warnings(HttpSettings().load({"proxy": "none"})) == []


@pytest.mark.parametrize("variable", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize("value", ["http://u:hunter2@h:99999", "ftp://u:hunter2@h", "socks9://u:hunter2@h"])
def test_a_variable_that_names_no_usable_proxy_is_told(monkeypatch, variable, value) -> None:
    monkeypatch.setenv(variable, value)
    [text] = HttpNotifier().settings_warnings(HttpSettings().load({}))
    assert text.startswith(f"the environment variable {variable} has ")
    assert "hunter2" not in text
    with pytest.raises(ValueError, match=f"the environment variable {variable} has "):
        proxy_for("https" if variable == "HTTPS_PROXY" else "http", "h.example", 80, "environment", [])
