"""The application under a path of another one."""

import re
from http.cookies import SimpleCookie

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client, TestResponse

from pulp_events_web.principal import Role

NEW = {"notifier_type_id": "http", "notifier_config": {"url": "http://127.0.0.1:9/"}, "event_types": ["repo.#"]}


def nothing(environ, start_response):
    start_response("404 Not Found", [])
    return [b"outer"]


@pytest.fixture
def mounted(app):
    return Client(DispatcherMiddleware(nothing, {"/hooks": app}), TestResponse)


@pytest.fixture
def headers(tokens):
    return {"Authorization": f"Bearer {tokens.create('boss', Role.ADMIN, None, trusted=True)[0]}"}


@pytest.fixture
def logged_in(mounted, tokens):
    secret, _ = tokens.create("sees", Role.ADMIN, None, trusted=True)
    csrf = re.search(r'csrf_token" value="([^"]+)', mounted.get("/hooks/login").text)[1]
    answer = mounted.post("/hooks/login", data={"csrf_token": csrf, "token": secret})
    assert answer.headers["Location"] == "/hooks/console/"
    return mounted


@pytest.mark.parametrize(("path", "body"), [("listeners", NEW), ("events", {"event_type": "repo.sync.start"})])
def test_location_leads_to_what_was_made(mounted, headers, bus, path, body):
    bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["#"])
    answer = mounted.post(f"/hooks/api/v1/{path}", json=body, headers=headers)
    assert answer.status_code == 201 and answer.headers["Location"].startswith(f"/hooks/api/v1/{path}/")
    assert mounted.get(answer.headers["Location"], headers=headers).json["id"] == answer.json["id"]


def test_the_document_says_where_it_is_served(mounted, client, headers):
    assert mounted.get("/hooks/api/v1/openapi.json", headers=headers).json["servers"] == [{"url": "/hooks"}]
    assert client.get("/api/v1/openapi.json").json["servers"] == [{"url": "/"}]


def test_the_cookie_is_for_this_application_alone(mounted, logged_in, anonymous):
    cookie = SimpleCookie(mounted.get("/hooks/login").headers["Set-Cookie"])
    assert cookie["pulp_events_session"]["path"] == "/hooks"
    assert SimpleCookie(anonymous.get("/login").headers["Set-Cookie"])["pulp_events_session"]["path"] == "/"


def test_each_link_of_the_console_stays_inside(logged_in, bus):
    listener = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.#"])
    event = bus.emit("repo.sync.start", {})
    (delivery,) = bus.deliveries.list()
    for path in ("", "listeners", f"listeners/{listener.id}", f"listeners/{listener.id}/edit", "listeners/new/http",
                 f"listeners/{listener.id}/delete", "deliveries", f"deliveries/{delivery.id}", "events",
                 f"events/{event.id}", "event-types", "event-types/repo.sync.start", "plugins", "history",
                 "no-such-page"):  # fmt: skip
        answer = logged_in.get(f"/hooks/console/{path}")
        found = re.findall(r'(?:href|src|action|formaction|data-tail)="([^"]*)"', answer.text)
        assert len(found) > 5, path
        outside = [each for each in found if each.startswith("/") and not each.startswith("/hooks/")]
        assert outside == [], path
    assert logged_in.get("/hooks/console/").status_code == 200


def test_what_may_be_asked_instead_is_where_it_is(mounted, headers):
    found = mounted.get("/hooks/api/v1/listeners/none", headers=headers).json["detail"]
    assert "GET /hooks/api/v1/listeners has" in found
