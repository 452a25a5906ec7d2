"""What is tried against any server: foreign hosts, guessing, floods, endless bodies, slow clients, paths that climb."""

import json
import time

import pytest

from pulp_events.errors import SettingsError
from pulp_events_web import create_app
from pulp_events_web.access.hosts import Hosts
from pulp_events_web.access.listening import Address, parse
from pulp_events_web.access.one_time import OneTimeLink
from pulp_events_web.access.throttle import network_of
from pulp_events_web.principal import Principal, Role

from .raw import ask, connect, read, status

VERSION = "/api/v1/version"
HEADERS = ("X-Content-Type-Options: nosniff", "X-Frame-Options: DENY", "Referrer-Policy: no-referrer",
           "frame-ancestors 'none'", "default-src 'none'", "Cache-Control: no-store")  # fmt: skip


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8088", "127.0.0.1.evil.example", "", "localhost@evil", "[::1"]
)
def test_a_page_whose_name_leads_here_is_refused(serve, host):
    answer = ask(serve(), "GET /login HTTP/1.1", host=host)
    assert status(answer) in (400, 421) and "csrf" not in answer


def test_by_its_own_names_it_is_reached(serve):
    port = serve()
    for host in ("localhost", f"127.0.0.1:{port}", "[::1]:80", "LOCALHOST", "192.0.2.1"):
        assert status(ask(port, "GET /login HTTP/1.1", host=host)) == 200


def test_names_that_are_set_are_the_only_ones(serve):
    port = serve(hosts=["pulp.example"])
    assert status(ask(port, "GET /login HTTP/1.1", host="pulp.example:8443")) == 200
    for host in ("localhost", "127.0.0.1"):
        assert status(ask(port, "GET /login HTTP/1.1", host=host)) == 421


def test_the_link_leads_to_a_name_that_is_ours(serve):
    port = serve(OneTimeLink(Principal("root", Role.ADMIN)), hosts=["pulp.example"])
    assert status(ask(port, "GET /login HTTP/1.1")) == 200
    assert status(ask(port, "GET /login HTTP/1.1", host="evil.example")) == 421


@pytest.mark.parametrize(
    "given",
    [{"hosts": ["https://a.example/"]}, {"requests": "0/m"}, {"trusted_proxies": ["proxy"]}, {"listen": "8088"},
     {"user_header": "X User"}, {"session": "1s"}, {"unknown": 1}],
)  # fmt: skip
def test_settings_that_are_not_valid_are_named(bus, given):
    with pytest.raises(SettingsError, match=next(iter(given))):
        create_app(bus, given)


def test_the_name_that_is_listened_at_is_ours():
    hosts = Hosts([], Address("events.example", 80))
    assert hosts.allows("events.example:80") and hosts.allows("events.example.") and not hosts.allows("example")


@pytest.mark.parametrize("path", ["/", "/login", "/nowhere", VERSION, "/login/static/login.css", "/console/"])
def test_each_answer_has_the_headers(serve, path):
    answer = ask(serve(), f"GET {path} HTTP/1.1")
    expected = HEADERS[:-1] if path.endswith(".css") else HEADERS
    assert [each for each in expected if each not in answer] == []
    assert "Server:" not in answer
    assert "unsafe" not in answer


def test_what_the_server_refuses_by_itself_has_them_too(serve):
    answer = ask(serve(), "GET / HTTP/1.1\r\nbad header")
    head, _, body = answer.partition("\r\n\r\n")
    assert status(answer) == 400 and json.loads(body)["status"] == 400
    assert "application/problem+json" in head and [each for each in HEADERS if each not in head] == []


def test_an_error_of_ours_shows_nothing_of_the_code(bus, client, app):
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    answer = client.get("/broken")
    assert answer.status_code == 500 and "Zero" not in answer.get_data(as_text=True)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_guessing_is_stopped_for_the_right_token_too(app, tokens):
    secret, _ = tokens.create("ci", Role.VIEWER, None)
    client = app.test_client()
    for _ in range(10):
        assert client.get(VERSION, headers={"Authorization": "Bearer pulpev_wrong"}).status_code == 401
    right = {"Authorization": f"Bearer {secret}"}
    answer = client.get(VERSION, headers=right)
    assert answer.status_code == 429 and 0 < int(answer.headers["Retry-After"]) <= 60
    assert client.get(VERSION, headers=right, environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200


def test_at_the_login_page_too(anonymous, tokens):
    import re

    secret, _ = tokens.create("ci", Role.VIEWER, None)
    page = anonymous.get("/login").get_data(as_text=True)
    form = {"csrf_token": re.search(r'csrf_token" value="([^"]+)', page)[1]}
    codes = [anonymous.post("/login", data={**form, "token": "wrong"}).status_code for _ in range(11)]
    assert codes == [403] * 10 + [429]
    answer = anonymous.post("/login", data={**form, "token": secret})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0


def test_one_customer_has_one_ipv6_network():
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") != network_of("2001:db8:0:1::1")
    assert network_of("192.0.2.1") != network_of("192.0.2.2")


def test_requests_are_counted_for_each_user(bus, tokens):
    app = create_app(bus, {"requests": "3/h"})
    clients = []
    for name in "ab":
        clients.append(app.test_client())
        clients[-1].environ_base["HTTP_AUTHORIZATION"] = f"Bearer {tokens.create(name, Role.VIEWER, None)[0]}"
    assert [clients[0].get(VERSION).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = clients[0].get(VERSION)
    assert refused.content_type == "application/problem+json" and 0 < int(refused.headers["Retry-After"]) <= 3600
    assert clients[1].get(VERSION).status_code == 200
    assert [app.test_client().get("/login").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_body_past_the_limit_is_refused_before_it_was_sent(serve):
    port = serve(max_body=1024)
    for path, kind, said in (
        ("api/v1/events", "application/problem+json", '"status": 413'),
        ("console/listeners/new/http", "text/html", "Nothing was stored"),
    ):
        head = f"POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n"
        with connect(port) as connection:
            connection.sendall(head.encode() + b"x" * 2000)
            answer = read(connection)
        assert status(answer) == 413 and kind in answer and said in answer, path


def test_a_chunked_one_too(serve):
    port = serve(max_body=1024)
    with connect(port) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n")
        assert status(read(connection)) == 413


def test_a_body_as_long_as_the_limit_is_read(serve):
    port = serve(max_body=1024)
    body = "x" * 1024
    assert status(ask(port, f"POST /nowhere HTTP/1.1\r\nContent-Length: 1024\r\n\r\n{body}")) == 404
    assert status(ask(port, f"POST /nowhere HTTP/1.1\r\nContent-Length: 1025\r\n\r\n{body}x")) == 413


def test_the_application_refuses_long_bodies_by_itself_too(bus):
    client = create_app(bus, {"max_body": 1024}).test_client()
    assert client.post("/nowhere", data=b"x" * 1025).status_code == 413


def test_two_lengths_are_refused(serve):
    port = serve()
    smuggled = "POST /login HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: identity\r\n\r\nabcd"
    assert status(ask(port, smuggled)) in (400, 501)
    assert status(ask(port, "POST /login HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde")) == 400


@pytest.mark.slow
def test_a_client_that_sends_octet_by_octet_is_let_go(serve):
    with connect(serve(request_timeout=2)) as connection:
        began = time.monotonic()
        try:
            for octet in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 400:
                connection.sendall(bytes([octet]))
                time.sleep(0.05)
        except OSError:
            pass
        else:
            pytest.fail(f"after {time.monotonic() - began:.0f} s it was still heard")


@pytest.mark.slow
def test_one_that_sends_nothing_is_let_go_and_others_are_answered_meanwhile(serve):
    port = serve(request_timeout=2, threads=2)
    silent = [connect(port) for _ in range(20)]
    assert status(ask(port, "GET /login HTTP/1.1")) == 200
    for each in silent:
        assert each.recv(1) == b""
        each.close()


@pytest.mark.parametrize(
    "path",
    ["../store.py", "../../app.py", "..%2fstore.py", "%2e%2e/store.py", "%2e%2e%2fstore.py", "..\\store.py",
     "..%5cstore.py", "//etc/passwd", "/etc/passwd", "%2fetc%2fpasswd", "....//store.py", "login.css%00.py",
     "login.css/../../store.py", "%252e%252e%252fstore.py", "."],
)  # fmt: skip
def test_no_path_climbs_out_of_static_files(serve, path):
    answer = ask(serve(), f"GET /login/static/{path} HTTP/1.1")
    assert status(answer) in (308, 400, 404) and "import" not in answer and "root:" not in answer


@pytest.mark.parametrize("text", ["8088", "localhost", ":80", "::1:80", "a:b", "a:99999", "unix:relative"])
def test_where_nobody_can_listen(text):
    with pytest.raises(ValueError, match="write"):
        parse(text)


def test_where_one_can():
    assert parse("[::1]:80") == Address("::1", 80) and str(parse("[::1]:80")) == "[::1]:80"
    assert parse("[::1]:80").loopback and parse("localhost:1").loopback and parse("unix:/run/x").loopback
    assert not parse("0.0.0.0:80").loopback and not parse("[::]:80").loopback


def test_a_health_check_that_names_no_host_is_answered(serve):
    """HAProxy's `httpchk` asks so; no browser does."""
    port = serve(hosts=["pulp.example"])
    for request, expected in (
        ("GET /api/v1/health HTTP/1.0\r\n\r\n", 200), ("GET /api/v1/health HTTP/1.1\r\nConnection: close\r\n\r\n", 421),
        ("GET /api/v1/health HTTP/1.0\r\nHost: evil.example\r\n\r\n", 421),
    ):  # fmt: skip
        with connect(port) as connection:
            connection.sendall(request.encode())
            assert status(read(connection)) == expected, request
