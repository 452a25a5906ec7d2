"""NUL, halves of surrogate pairs and octets that are no UTF-8: in bodies, paths, query strings and headers."""

import json

import pytest

from .access.raw import ask, status

NUL, HALF = "\\u0000", "\\ud800"
LISTENER = {"notifier_type_id": "http", "notifier_config": {"url": "http://127.0.0.1:9/"}, "event_types": ["#"]}


@pytest.fixture
def path(bus):
    return bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["#"], name="ci").id


def spoilt(body, character):
    """The body with each text in it, keys too, spoilt in turn."""
    text = json.dumps(body)
    parts = text.split('"')
    for place in range(1, len(parts), 2):
        yield '"'.join([*parts[:place], parts[place] + character, *parts[place + 1 :]])


BODIES = [
    ("POST", "events", {"event_type": "repo.sync.start", "payload": {"a": {"b": ["c"]}}, "call_report": {"d": "e"},
                        "scope": "f"}),
    ("POST", "listeners", {**LISTENER, "description": "a", "labels": {"b": "c"}, "filter": "payload.d", "name": "e"}),
    ("PATCH", "listeners/{}", {"description": "a", "labels": {"b": "c"}, "notifier_config": {"username": "d"}}),
    ("POST", "listeners/{}/disable", {"reason": "a"}), ("POST", "listeners/{}/mute", {"seconds": 9, "reason": "a"}),
    ("POST", "listeners/{}/explain", {"event_type": "repo.sync.start", "payload": {"a": "b"}, "scope": "c"}),
    ("POST", "listeners/{}/backtest", {"filter": "payload.a"}), ("POST", "listeners/{}/rotate-secret", {"secret": "x"}),
    ("POST", "deliveries/retry", {"listener": "ci", "event_type": "*", "event_id": "a", "error": "b"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "where", "body"), BODIES)
def test_in_bodies(as_role, bus, path, method, where, body):
    client = as_role("admin", trusted=True)
    for character in (NUL, HALF):
        for text in spoilt(body, character):
            answer = client.open(
                f"/api/v1/{where.format(path)}", method=method, data=text, content_type="application/json"
            )
            assert answer.status_code == 400 if character == HALF else answer.status_code < 500, (text, answer.text)
    for query in ("deliveries", "events", "listeners", f"listeners/{path}/history", "stats"):
        assert client.get(f"/api/v1/{query}").status_code == 200  # what was taken can be shown


QUERIES = {
    "listeners": ("q", "label", "notifier_type_id", "event_type", "author", "cursor"),
    "deliveries": ("state", "listener", "event_type", "event_id", "notifier_type", "error", "since", "cursor"),
    "events": ("event_type", "scope", "id_prefix", "error", "until", "cursor"),
    "stats": ("listener", "by", "since"),
    "tail": ("listener", "event_type", "event_id", "notifier_type", "error"),
}


@pytest.mark.parametrize("where", QUERIES)
def test_in_query_strings(client, where):
    for name in QUERIES[where]:
        answer = client.get(f"/api/v1/{where}?{name}=a%00b")
        assert answer.status_code == 422 and answer.json["errors"], name
        for octets in ("%ED%A0%80", "%FF", "%C3"):
            answer = client.get(f"/api/v1/{where}?{name}={octets}", buffered=False)
            assert answer.status_code in (200, 422), (name, octets)
            answer.close()


@pytest.mark.parametrize("header", ["Idempotency-Key", "Last-Event-ID", "If-Match", "Authorization", "X-Other"])
def test_in_headers(serve, header):
    port = serve()
    for value in ("a\x00b", "\xed\xa0\x80", "\xff", "a\x0bb"):
        for line in ("GET /api/v1/tail", "GET /api/v1/health", "POST /api/v1/events"):
            answer = ask(port, f"{line} HTTP/1.1\r\n{header}: {value}\r\nContent-Length: 0")
            assert status(answer) in (200, 400, 401), (value, answer)


@pytest.mark.parametrize("key", ["a\x01b", "\xe9", "\xed\xa0\x80", '"a\x7f"', "é" * 200])
def test_in_an_idempotency_key(client, key):
    headers = {"Idempotency-Key": key.encode("utf-8", "surrogatepass").decode("latin-1")}
    answer = client.post("/api/v1/events", json={"event_type": "repo.sync.start"}, headers=headers)
    assert answer.status_code in (400, 422)
