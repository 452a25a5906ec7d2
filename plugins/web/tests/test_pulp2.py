"""Pulp 2's routes under `/pulp/api/v2/events/`, called over HTTP as its clients call them."""

import json
import socket

import pytest
from flask import g

from pulp_events.secrets import MASK
from pulp_events_web.principal import Principal, Role

from .pulp2_clients import Bindings, Runcible

HTTP = {"url": "http://ci.example/hook"}
FIELDS = {"_href", "http_status", "http_request_method", "error_message", "exception", "traceback", "error"}
UNKNOWN = "0" * 24


@pytest.fixture
def address(serve):
    return "127.0.0.1", serve(requests="100000/s")


@pytest.fixture
def of_role(address, tokens):
    """`of_role(Role.VIEWER)`: a client whose password is a token of that role."""

    def client(role, kind=Bindings):
        return kind(*address, "any", tokens.create(f"a token of {role}", role, None)[0])

    return client


@pytest.fixture
def pulp(of_role):
    return of_role(Role.ADMIN)


def shown(listener_id, config, event_types, type_id="http"):
    return {
        "_href": f"/pulp/api/v2/events/{listener_id}/", "_id": {"$oid": listener_id}, "_ns": "event_listeners",
        "id": listener_id, "notifier_type_id": type_id, "notifier_config": config, "event_types": event_types,
    }  # fmt: skip


def is_error(answer, status, method, code=None, **beside):
    assert answer.status == status, answer
    body = dict(answer.body)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert body.keys() >= FIELDS, body
    assert (body["http_status"], body["http_request_method"]) == (status, method)
    assert body["traceback"] is None and body["exception"] is None and body["error_message"]
    assert body["error"].keys() == {"code", "description", "data", "sub_errors"}
    assert body["error"]["description"] == body["error_message"] and body["error"]["sub_errors"] == []
    assert code is None or body["error"]["code"] == code
    for key, value in beside.items():
        assert body[key] == value
    return True


@pytest.mark.parametrize("client", [Bindings, Runcible])
def test_a_listener_from_creation_to_deletion(of_role, client):
    pulp = of_role(Role.ADMIN, client)
    assert (pulp.list().status, pulp.list().body) == (200, [])
    made = pulp.create("http", HTTP, ["repo.sync.finish"])
    listener_id = made.body["id"]
    assert made.status == 201 and made.body == shown(listener_id, HTTP, ["repo.sync.finish"])
    assert made.headers["Location"] == made.body["_href"]
    assert pulp.list().body == [made.body]
    assert pulp.get(listener_id).body == made.body
    gone = pulp.delete(listener_id)
    assert (gone.status, gone.body) == (200, None)
    assert is_error(pulp.get(listener_id), 404, "GET", "PLP0009", resources={"event_listener": listener_id})


def test_put_changes_what_it_names(pulp):
    listener_id = pulp.create("http", {**HTTP, "username": "u", "password": "p"}, ["*"]).body["id"]
    changed = pulp.update(listener_id, {"url": "http://ci.example/other"})
    assert changed.status == 200
    assert changed.body == shown(listener_id, {"url": "http://ci.example/other", "username": "u"}, ["*"])
    changed = pulp.update(listener_id, {"username": None, "password": None}, ["repo.sync.start"])
    assert changed.status == 200, changed
    assert changed.body == shown(listener_id, {"url": "http://ci.example/other"}, ["repo.sync.start"])
    changed = pulp.update(listener_id, event_types=["repo.sync.*", "repo.publish.start"])
    assert changed.body["event_types"] == ["repo.sync.*", "repo.publish.start"]
    assert pulp.get(listener_id).body == changed.body


def test_put_never_changes_the_type_and_may_be_empty(pulp):
    before = pulp.create("http", HTTP, ["*"]).body
    path = f"/v2/events/{before['id']}/"
    for sent in ({"raw": b""}, {"body": {}}, {"body": {"notifier_type_id": "email"}}, {"body": {"event_types": None}}):
        answer = pulp.call("PUT", path, **sent)
        assert (answer.status, answer.body) == (200, before)


def test_star_alone_is_all_event_types(pulp):
    assert pulp.create("http", HTTP, "*").body["event_types"] == ["*"]


def test_secrets_are_not_shown_and_stay_when_what_is_shown_comes_back(pulp, bus):
    config = {"url": "http://ci.example/hook", "username": "u", "password": "very secret"}
    made = pulp.create("http", config, ["*"])
    seen = [made, pulp.get(made.body["id"]), pulp.list(), pulp.update(made.body["id"], made.body["notifier_config"])]
    assert not any("very secret" in json.dumps(each.body) for each in seen)
    assert bus.listeners.get(made.body["id"]).notifier_config["password"] == "very secret"


def test_a_mask_is_no_secret(pulp):
    made = pulp.create("http", {**HTTP, "username": "u", "password": "p"}, ["*"]).body
    refused = pulp.update(made["id"], {"password": "x" + MASK})
    assert is_error(refused, 400, "PUT", "PLP0015", property_names=["notifier_config"])
    assert is_error(pulp.create("http", {**HTTP, "username": "u", "password": MASK}, ["*"]), 400, "POST", "PLP0015")


@pytest.mark.parametrize("name", ["notifier_type_id", "notifier_config", "event_types"])
def test_what_is_missing(pulp, name):
    body = {"notifier_type_id": "http", "notifier_config": HTTP, "event_types": ["*"]}
    for sent in ({key: value for key, value in body.items() if key != name}, {**body, name: None}):
        answer = pulp.call("POST", "/v2/events/", sent)
        assert is_error(answer, 400, "POST", "PLP0016", missing_property_names=[name])
    assert pulp.list().body == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("event_types", ["no.such.type"]), ("event_types", []), ("event_types", "repo.sync.start"),
        ("event_types", [1]), ("event_types", {"a": 1}), ("event_types", ["x" * 5000]), ("event_types", [""]),
        ("event_types", ["[", "\u0000"]), ("notifier_type_id", "no-such"), ("notifier_type_id", 5),
        ("notifier_type_id", ["http"]), ("notifier_type_id", ""), ("notifier_config", []),
        ("notifier_config", {}), ("notifier_config", {"url": 1}), ("notifier_config", {"url": "ftp://x/"}),
        ("notifier_config", {**HTTP, "unknown": 1}), ("notifier_config", {**HTTP, "timeout": 10**399}),
    ],
)  # fmt: skip
def test_what_is_not_valid(pulp, name, value):
    body = {"notifier_type_id": "http", "notifier_config": HTTP, "event_types": ["*"]}
    refused = pulp.call("POST", "/v2/events/", {**body, name: value})
    assert is_error(refused, 400, "POST", "PLP0015", property_names=[name])
    assert pulp.list().body == []
    if name != "notifier_type_id" and value != {}:
        made = pulp.call("POST", "/v2/events/", body).body
        refused = pulp.call("PUT", made["_href"].removeprefix("/pulp/api"), {name: value})
        assert is_error(refused, 400, "PUT", "PLP0015", property_names=[name])
        assert pulp.get(made["id"]).body == made


HOSTILE = [
    b"", b"  ", b"{", b"null", b"[]", b'"text"', b"1", b"\xff\xfe", b'{"a": NaN}', b'{"a": "\\ud800"}',
    b"[" * 100_000, b'{"notifier_config":' * 5000, b'{"a":' * 80 + b"1" + b"}" * 80, b'{"a": ' + b"9" * 9999 + b"}",
    b"notifier_type_id=http&event_types=*", "{\"a\": 1}".encode("utf-16"),
]  # fmt: skip


def test_a_body_that_is_no_object_of_json(pulp):
    made = pulp.create("http", HTTP, ["*"]).body
    for raw in HOSTILE:
        assert is_error(pulp.call("POST", "/v2/events/", raw=raw), 400, "POST")
        if raw.strip():
            assert is_error(pulp.call("PUT", f"/v2/events/{made['id']}/", raw=raw), 400, "PUT")
    assert pulp.list().body == [made]


def test_a_body_too_large(client):
    answer = client.post("/pulp/api/v2/events/", data=b" " * 2_000_000)
    assert answer.status_code == 413 and answer.json["http_status"] == 413


STRANGE = [UNKNOWN, "x", UNKNOWN.upper() + "0", "%00", "..%2F..", "%F0%9F%90%9B", "A" * 5000, "%ff"]


def test_an_id_that_no_listener_has(pulp):
    for listener_id in STRANGE:
        for method, body in (("GET", None), ("PUT", {"event_types": ["*"]}), ("DELETE", None)):
            assert is_error(pulp.call(method, f"/v2/events/{listener_id}/", body), 404, method)


def test_a_name_is_no_id(pulp, bus):
    bus.listeners.create("http", HTTP, ["*"], name="mine")
    assert is_error(pulp.get("mine"), 404, "GET", "PLP0009")


def test_a_path_that_is_not_there(pulp):
    assert is_error(pulp.call("GET", f"/v2/events/{UNKNOWN}/actions/"), 404, "GET")


def test_another_method(pulp):
    one = UNKNOWN + "/"
    for method, path in (
        ("PUT", ""), ("DELETE", ""), ("PATCH", ""), ("POST", one), ("PATCH", one), ("FOO", ""),
    ):  # fmt: skip
        answer = pulp.call(method, "/v2/events/" + path, {})
        assert is_error(answer, 405, method) and "GET" in answer.headers["Allow"]


def test_without_the_slash_at_the_end(pulp):
    body = {"notifier_type_id": "http", "notifier_config": HTTP, "event_types": ["*"]}
    made = pulp.call("POST", "/v2/events", body)
    path = made.body["_href"].removeprefix("/pulp/api").rstrip("/")
    assert made.status == 201
    assert pulp.call("GET", "/v2/events").body == [made.body]
    assert pulp.call("GET", path).body == pulp.call("PUT", path, {}).body == made.body
    assert pulp.call("DELETE", path).status == 200


def test_as_curl_sends_it(pulp):
    raw = json.dumps({"notifier_type_id": "http", "notifier_config": HTTP, "event_types": ["*"]}).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert pulp.call("POST", "/v2/events/", raw=raw, headers=form).status == 201


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_a_role_that_may_only_read(pulp, of_role, role):
    made = pulp.create("http", HTTP, ["*"]).body
    reader = of_role(role)
    assert reader.list().body == [made] and reader.get(made["id"]).body == made
    assert is_error(reader.create("http", HTTP, ["*"]), 403, "POST", "PLP0026")
    assert is_error(reader.update(made["id"], HTTP), 403, "PUT", "PLP0026")
    assert is_error(reader.delete(made["id"]), 403, "DELETE", "PLP0026")
    assert pulp.list().body == [made]


def test_a_password_that_is_no_token(address):
    answer = Bindings(*address).list()
    assert is_error(answer, 401, "GET", "PLP0025")
    assert answer.headers["WWW-Authenticate"].lower().startswith("basic")


def test_a_browser_that_another_site_sends_is_refused(pulp):
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert is_error(pulp.call("GET", "/v2/events/", headers=elsewhere), 403, "GET")
    refused = pulp.call("POST", "/v2/events/", {}, elsewhere)
    assert refused.status in (400, 403) and is_error(refused, refused.status, "POST")


def test_a_session_of_the_console_is_refused(app, client):
    @app.before_request
    def as_from_a_session():
        g.principal = Principal("someone", Role.ADMIN, session=True)

    answer = client.get("/pulp/api/v2/events/")
    assert answer.status_code == 403 and answer.json["error"]["code"] == "PLP0026"


def test_a_listener_of_the_machines_administrator_is_seen_and_not_changed(pulp, bus):
    listener_id = bus.listeners.create("http", HTTP, ["*"]).id
    assert pulp.get(listener_id).status == 200
    assert is_error(pulp.update(listener_id, event_types=["*"]), 403, "PUT", "PLP0026")
    assert is_error(pulp.delete(listener_id), 403, "DELETE", "PLP0026")


def test_the_history_has_who_changed_it(pulp, bus):
    listener_id = pulp.create("http", HTTP, ["*"]).body["id"]
    assert bus.listeners.get(listener_id).author.name == "a token of admin"


def test_noise_on_the_socket_does_not_stop_it(address, pulp):
    for noise in (b"\x00" * 100, b"POST /pulp/api/v2/events/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"):
        with socket.create_connection(address, timeout=60) as raw:
            raw.sendall(noise + b"\r\n\r\n")
            assert b" 500 " not in raw.recv(4096)
    assert pulp.list().status == 200


def test_who_gives_no_token_is_told_where_its_clients_have_it(pulp, app):
    answer = app.test_client().get("/pulp/api/v2/events/")
    assert answer.status_code == 401 and "as password" in answer.json["error_message"]
