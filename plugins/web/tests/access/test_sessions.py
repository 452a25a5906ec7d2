"""Sessions of the console, the login page, and requests that other pages make in a browser's name."""

import re

import pytest

from pulp_events_web import create_app
from pulp_events_web.access.one_time import OneTimeLink
from pulp_events_web.access.sessions import COOKIE
from pulp_events_web.principal import Principal, Role

VERSION = "/api/v1/version"


@pytest.fixture
def writing(app):
    """A route that changes something."""
    from pulp_events_web.context import acting

    app.add_url_rule("/api/v1/change", "change", lambda: str(acting().principal.role), methods=["POST"])
    return "/api/v1/change"


def csrf(client, **more):
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login", **more).get_data(as_text=True))
    return found[1]


def log_in(client, secret, **more):
    return client.post("/login", data={"token": secret, "csrf_token": csrf(client), **more})


@pytest.fixture
def admin(tokens):
    return tokens.create("alice", Role.ADMIN, None)


def test_a_token_begins_a_session(anonymous, admin):
    answer = log_in(anonymous, admin[0])
    assert (answer.status_code, answer.location) == (303, "/console/")
    cookie = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith(COOKIE))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Expires=" in cookie and "Secure" not in cookie
    assert admin[0] not in cookie
    assert anonymous.get(VERSION).status_code == 200


def test_behind_https_the_cookie_is_secure(bus, admin):
    app = create_app(bus, {"trusted_proxies": ["127.0.0.0/8"]})
    for address, secure in (("127.0.0.1", True), ("10.0.0.1", False)):  # the other one is no proxy of ours
        answer = app.test_client().get(
            "/login", headers={"X-Forwarded-Proto": "https"}, environ_base={"REMOTE_ADDR": address}
        )
        assert ("; Secure" in answer.headers["Set-Cookie"]) is secure


def test_a_wrong_token_begins_none(anonymous, admin):
    answer = log_in(anonymous, "pulpev_wrong")
    assert answer.status_code == 403 and "not valid" in answer.get_data(as_text=True)
    assert anonymous.get(VERSION).status_code == 401


def test_a_revoked_token_ends_its_sessions(anonymous, admin, tokens):
    log_in(anonymous, admin[0])
    tokens.revoke("alice")
    assert anonymous.get(VERSION).status_code == 401


def test_an_expired_token_ends_its_sessions(app, anonymous, tokens, monkeypatch):
    secret, made = tokens.create("short", Role.VIEWER, 60)
    log_in(anonymous, secret)
    assert anonymous.get(VERSION).status_code == 200
    monkeypatch.setattr(app.extensions["pulp_events_web.access"].tokens, "_clock", lambda: made.expires)
    assert anonymous.get(VERSION).status_code == 401


def test_after_logout_a_copy_of_the_cookie_opens_nothing(app, anonymous, admin):
    log_in(anonymous, admin[0])
    copy = anonymous.get_cookie(COOKIE).value
    other = app.test_client()
    other.set_cookie(COOKIE, copy)
    assert other.get(VERSION).status_code == 200
    assert anonymous.post("/logout", data={"csrf_token": csrf(anonymous)}).status_code == 303
    assert other.get(VERSION).status_code == 401 and anonymous.get(VERSION).status_code == 401


@pytest.mark.parametrize("path", ["", "listeners", "history", "no-such-page"])
def test_each_page_lets_who_logged_in_log_out(anonymous, admin, path):
    log_in(anonymous, admin[0])
    page = anonymous.get(f"/console/{path}").get_data(as_text=True)
    (form,) = re.findall(r'<form method="post" action="/logout">.*?</form>', page)
    sent = {"csrf_token": re.search(r'csrf_token" value="([^"]+)', form)[1]}
    assert "<button" in form and anonymous.post("/logout", data=sent).headers["Location"] == "/login"
    assert anonymous.get(VERSION).status_code == 401


def test_a_session_ends_after_its_life_however_busy(app, anonymous, admin, monkeypatch):
    now = [1_900_000_000.0]
    monkeypatch.setattr(app.extensions["pulp_events_web.access"].sessions, "_clock", lambda: now[0])
    log_in(anonymous, admin[0])
    now[0] += 8 * 3600 - 1
    assert anonymous.get(VERSION).status_code == 200
    now[0] += 2
    assert anonymous.get(VERSION).status_code == 401


def test_a_cookie_signed_by_somebody_else_opens_nothing(app, admin):
    from itsdangerous import URLSafeTimedSerializer

    forged = URLSafeTimedSerializer("guess", salt="cookie-session").dumps({"id": "x", "began": 0, "token": admin[1].id})
    client = app.test_client()
    client.set_cookie(COOKIE, forged)
    assert client.get(VERSION).status_code == 401


def test_a_change_that_a_cookie_authenticates_carries_a_csrf_token(anonymous, admin, writing):
    log_in(anonymous, admin[0])
    refused = anonymous.post(writing)
    assert refused.status_code == 400 and "CSRF" in refused.json["detail"]
    assert anonymous.post(writing, headers={"X-CSRFToken": csrf(anonymous)}).get_data(as_text=True) == "admin"


def test_a_csrf_token_of_another_session_is_refused(app, anonymous, admin, writing):
    log_in(anonymous, admin[0])
    assert anonymous.post(writing, headers={"X-CSRFToken": csrf(app.test_client())}).status_code == 400


def test_nothing_of_before_login_is_valid_after_it(anonymous, admin, writing):
    before = csrf(anonymous)
    log_in(anonymous, admin[0])
    assert anonymous.post(writing, headers={"X-CSRFToken": before}).status_code == 400


def test_logging_in_and_out_needs_one_too(anonymous, admin):
    assert anonymous.post("/login", data={"token": admin[0]}).status_code == 400
    log_in(anonymous, admin[0])
    assert anonymous.post("/logout").status_code == 400
    assert anonymous.get(VERSION).status_code == 200


def test_a_bearer_needs_none(client, writing):
    assert client.post(writing, headers={"Origin": "https://elsewhere.example"}).status_code == 200


def test_a_password_needs_one_only_from_a_browser(anonymous, admin, writing):
    auth = ("admin", admin[0])
    assert anonymous.post(writing, auth=auth).status_code == 200
    for header in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert anonymous.post(writing, auth=auth, headers=header).status_code == 400


def test_a_page_leads_to_the_login_page_and_back(app, anonymous, admin):
    from pulp_events_web.context import acting

    app.add_url_rule("/console/probe", "probe", lambda: str(acting().principal.role))
    answer = anonymous.get("/console/probe?a=1&b=2")
    assert (answer.status_code, answer.location) == (303, "/login?next=/console/probe%3Fa%3D1%26b%3D2")
    assert log_in(anonymous, admin[0], next="/console/probe?a=1&b=2").location == "/console/probe?a=1&b=2"


@pytest.mark.parametrize(
    "wanted",
    ["//elsewhere.example/", "https://elsewhere.example/", "/\\elsewhere.example", "/console/\\..",
     "javascript:alert(1)", "/consoles", "/console//elsewhere.example",
     "/console/\r\nX: y", "/console/\u2025", "\t//elsewhere.example", ""],
)  # fmt: skip
def test_login_leads_to_own_paths_only(anonymous, admin, wanted):
    assert log_in(anonymous, admin[0], next=wanted).location == "/console/"


@pytest.fixture
def link():
    return OneTimeLink(Principal("root", Role.ADMIN))


def test_the_link_opens_the_console_once(bus, link):
    app = create_app(bus, link=link)
    first, second = app.test_client(), app.test_client()
    assert first.head(f"/login?token={link.secret}").status_code == 200  # does not use it up
    assert first.get("/login?token=wrong").status_code == 403
    assert first.get(f"/login?token={link.secret}").location == "/console/"
    assert second.get(f"/login?token={link.secret}").status_code == 403
    assert first.get(VERSION).status_code == 200 and second.get(VERSION).status_code == 401


def test_its_session_ends_with_the_process(bus, link):
    first = create_app(bus, link=link).test_client()
    first.get(f"/login?token={link.secret}")
    later = create_app(bus, link=OneTimeLink(link.principal)).test_client()
    later.set_cookie(COOKIE, first.get_cookie(COOKIE).value)
    assert later.get(VERSION).status_code == 401


def test_without_a_link_a_token_in_the_address_opens_nothing(anonymous, admin):
    assert anonymous.get(f"/login?token={admin[0]}").status_code == 403
    assert anonymous.get(VERSION).status_code == 401
