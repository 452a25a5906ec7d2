"""A reverse proxy names users and clients, if it is one of ours."""

import pytest
from flask import request

from pulp_events_web import create_app
from pulp_events_web.access.forwarded import trusts
from pulp_events_web.context import acting
from pulp_events_web.principal import Role

from .raw import ask, status

USER = {"X-Remote-User": "alice"}
VERSION = "/api/v1/version"


@pytest.fixture
def proxied(bus):
    app = create_app(
        bus,
        {"trusted_proxies": ["127.0.0.1/32", "fd00::/8"], "user_header": "X-Remote-User", "proxy_role": "operator"},
    )
    app.add_url_rule(
        "/who", "who", lambda: f"{acting().principal.name} {acting().principal.role}", methods=["GET", "POST"]
    )
    app.add_url_rule("/seen", "seen", lambda: f"{request.remote_addr} {request.scheme} {request.host}")
    return app.test_client()


def test_a_trusted_proxy_names_the_user(proxied):
    assert proxied.get("/who", headers=USER).get_data(as_text=True) == "alice operator"


@pytest.mark.parametrize("address", ["10.0.0.1", "::1", "127.0.0.2", "nonsense", ""])
def test_nobody_else_does(proxied, address):
    assert proxied.get("/who", headers=USER, environ_base={"REMOTE_ADDR": address}).status_code == 401


def test_a_header_of_another_name_says_nothing(proxied):
    assert proxied.get("/who", headers={"X-User": "alice", "Remote-User": "alice"}).status_code == 401


def test_a_header_that_came_twice_names_nobody(proxied):
    assert proxied.get("/who", headers={"X-Remote-User": "alice, root"}).status_code == 401


@pytest.mark.parametrize("name", ["a" * 201, "a\x7fb", "\x80", "dispatcher", " "])
def test_what_cannot_be_a_name_names_nobody(proxied, name):
    assert proxied.get("/who", environ_overrides={"HTTP_X_REMOTE_USER": name}).status_code == 401


def test_without_the_setting_no_header_counts(bus):
    client = create_app(bus, {"trusted_proxies": ["127.0.0.1"]}).test_client()
    assert client.get(VERSION, headers=USER).status_code == 401


def test_a_token_says_more_than_the_proxy(proxied, tokens):
    secret, _ = tokens.create("ci", Role.ADMIN, None)
    headers = {**USER, "Authorization": f"Bearer {secret}"}
    assert proxied.get("/who", headers=headers).get_data(as_text=True) == "ci admin"


def test_the_proxys_own_password_is_not_ours_to_check(proxied):
    assert proxied.get("/who", headers=USER, auth=("alice", "her password")).get_data(as_text=True) == "alice operator"


def test_a_browsers_change_behind_a_proxy_needs_a_csrf_token(proxied):
    assert proxied.post("/who", headers=USER).status_code == 200  # a script, by its certificate
    assert proxied.post("/who", headers={**USER, "Origin": "https://elsewhere.example"}).status_code == 400


def test_clients_are_what_a_trusted_proxy_says_and_nobody_else(proxied):
    said = {"X-Forwarded-For": "192.0.2.7, 192.0.2.8", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "localhost"}
    assert proxied.get("/seen", headers=said).get_data(as_text=True) == "192.0.2.8 https localhost"
    other = proxied.get("/seen", headers=said, environ_base={"REMOTE_ADDR": "10.0.0.1"})
    assert other.get_data(as_text=True) == "10.0.0.1 http localhost"


def test_addresses_of_proxies():
    assert trusts(["10.0.0.0/8"], "10.1.2.3") and trusts(["10.0.0.0/8"], "::ffff:10.1.2.3")
    assert trusts(["fe80::/10"], "fe80::1%eth0") and trusts(["unix"], "localhost")
    assert not trusts(["10.0.0.0/8"], "localhost") and not trusts([], "127.0.0.1")


def test_on_the_wire_no_spelling_of_the_header_gets_past(serve):
    port = serve(trusted_proxies=["192.0.2.1"], user_header="X-Remote-User")
    for header in ("X-Remote-User: root", "X_Remote_User: root", "x-remote-user: root", "X-Remote-User:\troot"):
        assert status(ask(port, f"GET {VERSION} HTTP/1.1\r\n{header}")) == 401
    trusted = serve(trusted_proxies=["127.0.0.1"], user_header="X-Remote-User")
    assert status(ask(trusted, f"GET {VERSION} HTTP/1.1\r\nX-Remote-User: alice")) == 200
    assert status(ask(trusted, f"GET {VERSION} HTTP/1.1\r\nX_Remote_User: alice")) == 401
    assert status(ask(trusted, f"GET {VERSION} HTTP/1.1\r\nX-Remote-User: alice\r\nX-Remote-User: root")) == 401


def test_a_name_is_read_as_utf_8_and_as_latin_1_where_it_is_none(serve, bus):
    def who(app):
        app.add_url_rule("/who", "who", lambda: acting().principal.name)

    port = serve(changed=who, trusted_proxies=["127.0.0.1"], user_header="X-Remote-User")
    for sent in ("zoë".encode().decode("latin-1"), "zoë"):
        answer = ask(port, f"GET /who HTTP/1.1\r\nX-Remote-User: {sent}")
        assert answer.encode("latin-1").decode().endswith("\r\n\r\nzoë")
