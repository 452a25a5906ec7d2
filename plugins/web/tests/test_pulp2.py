"""Pulp 2's routes under `/pulp/api/v2/events/`, called over HTTP as its clients call them."""

import json
import socket
import threading

import pytest
from flask import g
from waitress import create_server

from pulp_events.secrets import MASK
from pulp_events_web.principal import Principal, Role

from .pulp2_clients import Bindings, Runcible

HTTP = {"url": "http://ci.example/hook"}
FIELDS = {"_href", "http_status", "http_request_method", "error_message", "exception", "traceback", "error"}
UNKNOWN = "0" * 24


@pytest.fixture
def role(app):
    """Who asks, for the test to say."""
    who = {"role": Role.ADMIN, "session": False}

    @app.before_request
    def identify():
        g.principal = Principal("someone", who["role"], session=who["session"])

    return who


@pytest.fixture
def address(app, role):
    server = create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield "127.0.0.1", server.effective_port
    server.trigger.pull_trigger(server.close)
    server.maintenance(0)
    server.task_dispatcher.shutdown()
    thread.join(10)


@pytest.fixture
def pulp(address):
    return Bindings(*address)


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
def test_a_listener_from_creation_to_deletion(address, client):
    pulp = client(*address)
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
        ("notifier_config", {**HTTP, "unknown": 1}), ("notifier_config", {**HTTP, "timeout": 10**400}),
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


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_a_body_that_is_no_object_of_json(pulp, raw):
    assert is_error(pulp.call("POST", "/v2/events/", raw=raw), 400, "POST")
    made = pulp.create("http", HTTP, ["*"]).body
    if raw.strip():
        assert is_error(pulp.call("PUT", f"/v2/events/{made['id']}/", raw=raw), 400, "PUT")


def test_a_body_too_large(pulp):
    answer = pulp.call("POST", "/v2/events/", raw=b" " * 2_000_000)
    assert is_error(answer, 413, "POST")


@pytest.mark.parametrize(
    "listener_id", [UNKNOWN, "x", UNKNOWN.upper() + "0", "%00", "..%2F..", "%F0%9F%90%9B", "A" * 5000, "%ff"]
)
def test_an_id_that_no_listener_has(pulp, listener_id):
    for method, body in (("GET", None), ("PUT", {"event_types": ["*"]}), ("DELETE", None)):
        assert is_error(pulp.call(method, f"/v2/events/{listener_id}/", body), 404, method)


def test_a_name_is_no_id(pulp, bus):
    bus.listeners.create("http", HTTP, ["*"], name="mine")
    assert is_error(pulp.get("mine"), 404, "GET", "PLP0009")


def test_a_path_that_is_not_there(pulp):
    assert is_error(pulp.call("GET", f"/v2/events/{UNKNOWN}/actions/"), 404, "GET")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", ""), ("DELETE", ""), ("PATCH", ""), ("POST", UNKNOWN + "/"), ("PATCH", UNKNOWN + "/"), ("FOO", "")],
)
def test_another_method(pulp, method, path):
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


@pytest.mark.parametrize("of", [Role.VIEWER, Role.OPERATOR])
def test_a_role_that_may_only_read(pulp, role, of):
    made = pulp.create("http", HTTP, ["*"]).body
    role["role"] = of
    assert pulp.list().body == [made] and pulp.get(made["id"]).body == made
    assert is_error(pulp.create("http", HTTP, ["*"]), 403, "POST", "PLP0026")
    assert is_error(pulp.update(made["id"], HTTP), 403, "PUT", "PLP0026")
    assert is_error(pulp.delete(made["id"]), 403, "DELETE", "PLP0026")
    assert pulp.list().body == [made]


def test_a_browser_is_no_client(pulp, role):
    assert is_error(pulp.call("GET", "/v2/events/", headers={"Sec-Fetch-Site": "cross-site"}), 403, "GET")
    role["session"] = True
    assert is_error(pulp.create("http", HTTP, ["*"]), 403, "POST", "PLP0026")


def test_the_history_has_who_changed_it(pulp, bus):
    listener_id = pulp.create("http", HTTP, ["*"]).body["id"]
    assert bus.listeners.get(listener_id).author.name == "someone"


def test_noise_on_the_socket_does_not_stop_it(address, pulp):
    for noise in (b"\x00" * 100, b"POST /pulp/api/v2/events/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"):
        with socket.create_connection(address, timeout=10) as raw:
            raw.sendall(noise + b"\r\n\r\n")
            assert b" 500 " not in raw.recv(4096)
    assert pulp.list().status == 200
