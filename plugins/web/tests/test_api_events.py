"""Events through the API: emitted, listed, shown, explained."""

import time

import pytest

from pulp_events import EventBus, EventType
from pulp_events.events.own_names import OWN
from pulp_events_web import create_app
from pulp_events_web.access.store import AccessStore
from pulp_events_web.access.tokens import Tokens
from pulp_events_web.principal import Role

API = "/api/v1"


def emit(client, event_type="repo.sync.start", payload=None, **headers):
    body = {"event_type": event_type, "payload": payload or {"repo_id": "pulp2"}}
    return client.post(f"{API}/events", json=body, headers=headers)


@pytest.fixture
def listener(bus):
    return bus.listeners.create("http", {"url": "http://127.0.0.1:9/hook"}, ["repo.sync.*"], name="ci")


def test_an_emitted_event_is_stored_and_shown_with_its_report(client, bus, listener):
    answer = emit(client)
    assert answer.status_code == 201, answer.json
    shown = client.get(answer.headers["Location"]).json
    assert shown["report"] == {"call_report": {}, "event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"}}
    assert shown["deliveries"] == 1 and shown["time"].endswith("Z")
    deliveries = client.get(f"{API}/events/{shown['id']}/deliveries").json["items"]
    assert [each["listener_id"] for each in deliveries] == [listener.id]


def test_the_trace_of_an_event_is_shown_with_it_and_with_its_deliveries(client, bus, listener):
    trace = "0af7651916cd43dd8448eb211c80319c"
    bus.emit("repo.sync.start", {"repo_id": "x"}, id="in", trace_context={"traceparent": f"00-{trace}-{'1' * 16}-01"})
    bus.emit("repo.sync.start", {"repo_id": "x"}, id="out")
    for event_id, wanted in (("in", trace), ("out", None)):
        found = client.get(f"{API}/events/{event_id}/deliveries").json["items"]
        one, delivery = (
            client.get(f"{API}/{each}").json for each in (f"events/{event_id}", f"deliveries/{event_id}.0")
        )
        assert [each["trace_id"] for each in (one, delivery, *found)] == [wanted] * 3
    assert {each["id"]: each["trace_id"] for each in client.get(f"{API}/events").json["items"]} == {
        "in": trace, "out": None
    }  # fmt: skip
    assert emit(client).json["trace_id"] is None


PARENT = f"00-{'a' * 32}-{'1' * 16}-01"


@pytest.mark.parametrize(
    ("headers", "context"),
    [
        ({"traceparent": PARENT}, {"traceparent": PARENT}),
        ({"Traceparent": PARENT, "Tracestate": "a=1, b=2"}, {"traceparent": PARENT, "tracestate": "a=1,b=2"}),
        ({"traceparent": f"cc{PARENT[2:]}-more"}, {"traceparent": PARENT}),
        ({"traceparent": PARENT, "tracestate": "not one"}, {"traceparent": PARENT}),
        ({"traceparent": PARENT.upper(), "tracestate": "a=1"}, {}),
        ({"traceparent": ""}, {}),
        ({"tracestate": "a=1"}, {}),
    ],
)
def test_the_trace_of_the_request_is_that_of_the_event_and_leaves_with_it(client, bus, listener, headers, context):
    answer = emit(client, **headers)
    assert answer.status_code == 201, answer.json
    assert answer.json["trace_id"] == (context["traceparent"][3:35] if context else None)
    [delivery] = bus.deliveries.list()
    assert delivery.trace_context == context


def test_a_request_that_is_sent_again_in_another_trace_is_the_same(client, bus, listener):
    first = emit(client, **{"Idempotency-Key": "k", "traceparent": PARENT})
    again = emit(client, **{"Idempotency-Key": "k", "traceparent": PARENT.replace("a", "b")})
    assert again.status_code == 201 and again.json == first.json and again.json["trace_id"] == "a" * 32


def test_the_same_key_and_content_has_the_first_answer_again(client, bus, listener):
    first = emit(client, **{"Idempotency-Key": '"8e03978e-40d5"'})
    again = emit(client, **{"Idempotency-Key": "8e03978e-40d5"})
    assert first.status_code == again.status_code == 201
    assert first.json == again.json and first.headers["Location"] == again.headers["Location"]
    assert len(bus.deliveries.list()) == 1


def test_the_same_key_with_another_content_is_refused(client, listener):
    assert emit(client, **{"Idempotency-Key": "k"}).status_code == 201
    answer = emit(client, payload={"repo_id": "other"}, **{"Idempotency-Key": "k"})
    assert answer.status_code == 422 and answer.json["errors"][0].get("header") == "Idempotency-Key"
    assert emit(client, **{"Idempotency-Key": '"open'}).status_code == 400


def test_an_event_without_any_listener_is_repeated_by_its_key_too(client):
    assert emit(client, **{"Idempotency-Key": "k"}).json == emit(client, **{"Idempotency-Key": "k"}).json


def test_faults_of_an_event_are_told_by_field(client, bus):
    answer = emit(client, "repo.sync.begin")
    assert answer.status_code == 422 and answer.json["errors"][0]["pointer"] == "/event_type"
    answer = client.post(f"{API}/events", json={"payload": [], "expires": -1})
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json["errors"]} == {"/event_type", "/payload", "/expires"}


def test_a_payload_that_its_schema_refuses_is_told_by_field(tmp_path):
    schema = {"type": "object", "properties": {"lines": {"items": {"properties": {"count": {"type": "integer"}}}}}}
    settings = {"events": {"data_dir": str(tmp_path / "strict"), "payloads": "strict"}}
    with EventBus.open(settings=settings, deliver="external") as bus:
        bus.event_types.register(EventType("order.placed", "an order", schema=schema))
        secret, _ = Tokens(AccessStore(bus.data_dir), time.time).create("somebody", Role.OPERATOR, None)
        client = create_app(bus).test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
        answer = emit(client, "order.placed", {"lines": [{"count": "many"}]})
    assert answer.status_code == 422 and answer.json["errors"][0]["pointer"] == "/payload/lines/0/count"


def test_pages_of_events_have_each_event_once_while_others_are_emitted(client, bus):
    emitted = [bus.emit("repo.sync.start", {"n": n}, id=f"e{n}").id for n in range(7)]
    seen, cursor = [], None
    while True:
        page = client.get(f"{API}/events", query_string={"limit": 3, **({"cursor": cursor} if cursor else {})}).json
        seen += [each["id"] for each in page["items"]]
        bus.emit("repo.sync.start", {}, id=f"later{len(seen)}")
        if not (cursor := page["next"]):
            break
    assert seen == emitted[::-1]


def test_events_are_found_by_type_scope_and_time(client, bus):
    bus.emit("repo.sync.start", {}, id="one", scope="acme")
    bus.emit("repo.publish.start", {}, id="two")

    def ids(**query):
        return [each["id"] for each in client.get(f"{API}/events", query_string=query).json["items"]]

    assert ids(event_type="repo.sync.*") == ["one"] and ids(scope="acme") == ["one"] and ids(id_prefix="tw") == ["two"]
    assert ids(since="2099-01-01T00:00:00Z") == [] and len(ids(until="2099-01-01T00:00:00Z")) == 2


def test_it_is_explained_why_an_event_went_where(client, bus, listener):
    event = bus.emit("repo.publish.start", {}, id="x")
    bus.emit("repo.sync.start", {}, id="y")
    assert [e["gets"] for e in client.get(f"{API}/events/{event.id}/explanation").json["items"]] == ["no"]
    found = client.get(f"{API}/events/y/explanation").json["items"][0]
    assert found["gets"] == "yes" and found["listener_name"] == "ci"
    assert (found["deliveries"], found["delivery_count"]) == (["y.0"], 1)


def test_why_an_event_went_where_comes_a_page_at_a_time_whatever_is_done_meanwhile(client, bus, listener):
    def four(pattern):
        return [bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, [pattern]).id for _ in range(4)]

    got, others = sorted([listener.id, *four("repo.#")]), sorted(four("repo.publish.*"))
    bus.emit("repo.sync.start", {"repo_id": "a"}, id="y")
    path, seen = f"{API}/events/y/explanation?limit=2", []
    answer = client.get(path).json
    while True:
        seen += [each["listener_id"] for each in answer["items"]]
        if answer["next"] is None:
            break
        if len(seen) == 4:
            bus.listeners.delete(seen[0])
            bus.listeners.delete(others[0])
        answer = client.get(f"{path}&cursor={answer['next']}").json
        assert len(answer["items"]) <= 2
    assert seen == [*got, *others]
    refused = client.get(f"{path}&cursor=WzEsMV0")
    assert refused.status_code == 422 and refused.json["errors"][0]["parameter"] == "cursor"


@pytest.mark.parametrize("path", ["events/nobody", "events/nobody/deliveries", "events/nobody/explanation"])
def test_what_is_not_there(client, path):
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 404 and answer.content_type == "application/problem+json"


def test_the_same_key_with_another_expiry_is_refused(client, bus, listener):
    def emit_for(**more):
        body = {"event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"}, **more}
        return client.post(f"{API}/events", json=body, headers={"Idempotency-Key": "k"})

    first = emit_for(expires=60)
    assert first.status_code == 201 and emit_for(expires=60.0).json == first.json
    for more in ({"expires": 61}, {}):
        answer = emit_for(**more)
        assert answer.status_code == 422 and answer.json["errors"][0]["header"] == "Idempotency-Key", answer.text
    assert len(bus.deliveries.list()) == 1


def test_a_header_that_is_refused_is_named_as_one(client):
    answer = emit(client, **{"Idempotency-Key": '"open'})
    assert answer.status_code == 400 and [each.get("header") for each in answer.json["errors"]] == ["Idempotency-Key"]
    answer = client.get(f"{API}/tail", headers={"Last-Event-ID": "x" * 101})
    assert [each.get("header") for each in answer.json["errors"]] == ["Last-Event-ID"]


@pytest.mark.parametrize("event_type", sorted(OWN))
def test_what_the_system_tells_of_itself_nobody_else_tells(client, bus, event_type):
    answer = emit(client, event_type)
    assert answer.status_code == 422 and answer.json["errors"][0]["pointer"] == "/event_type"
    assert bus.events.list() == []


def test_a_scope_that_is_none_is_told_by_field(client):
    for scope in ("a\nb", " a", "a "):
        answer = client.post(f"{API}/events", json={"event_type": "repo.sync.start", "scope": scope})
        assert answer.status_code == 422 and answer.json["errors"][0]["pointer"] == "/scope", scope
