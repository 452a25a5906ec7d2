"""The same request twice at once, and no room, on the real server with real sockets."""

import errno
import http.client
import json
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulp_events import EventBus
from pulp_events.outbox.sqlite.connection import explain_only
from pulp_events_web import create_app
from pulp_events_web.access.store import AccessStore
from pulp_events_web.access.tokens import Tokens
from pulp_events_web.principal import Role

AT_ONCE = 8


@pytest.fixture
def token(tokens):
    return tokens.create("ci", Role.ADMIN, None)[0]


def ask(port, token, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
    try:
        connection.request(method, f"/api/v1/{path}", None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


@pytest.mark.parametrize("round_", range(3))
def test_of_two_requests_with_the_same_key_at_once_one_is_stored_and_both_have_its_event(bus, serve, token, round_):
    listener = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["#"])
    port = serve(threads=AT_ONCE, requests="100000/s")
    together = threading.Barrier(AT_ONCE)
    body = {"event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"}}

    def emit(_):
        together.wait(60)
        return ask(port, token, "POST", "events", body, **{"Idempotency-Key": "one"})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(emit, range(AT_ONCE)))
    assert {status for status, _ in found} == {201}
    assert len({json.dumps(event, sort_keys=True) for _, event in found}) == 1
    assert [each.event_id for each in bus.deliveries.list()] == [found[0][1]["id"]]
    assert bus.deliveries.list()[0].listener_id == listener.id


def test_of_two_requests_with_the_same_key_and_other_contents_at_once_one_is_refused(bus, serve, token):
    bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["#"])
    port = serve(threads=AT_ONCE, requests="100000/s")
    together = threading.Barrier(AT_ONCE)

    def emit(number):
        together.wait(60)
        body = {"event_type": "repo.sync.start", "payload": {"repo_id": f"r{number}"}}
        return ask(port, token, "POST", "events", body, **{"Idempotency-Key": "one"})[0]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert sorted(pool.map(emit, range(AT_ONCE))) == [201] + [422] * (AT_ONCE - 1)
    assert len(bus.deliveries.list()) == 1


def test_of_two_requests_with_the_same_key_and_other_ends_at_once_one_is_refused(bus, serve, token):
    bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["#"])
    port = serve(threads=AT_ONCE, requests="100000/s")
    together = threading.Barrier(AT_ONCE)

    def emit(number):
        together.wait(60)
        body = {"event_type": "repo.sync.start", "payload": {"repo_id": "a"}, "expires": 60 + number}
        return ask(port, token, "POST", "events", body, **{"Idempotency-Key": "one"})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = sorted(pool.map(emit, range(AT_ONCE)), key=lambda answer: answer[0])
    assert [status for status, _ in found] == [201] + [422] * (AT_ONCE - 1)
    assert all("expires: it was" in json.dumps(body) for _, body in found[1:])
    assert len(bus.events.list()) == len(bus.deliveries.list()) == 1


@pytest.mark.parametrize("limit", [{"max_backlog": 1}, {"min_free_disk": "8000000G"}])
def test_an_outbox_that_is_full_is_507_and_reading_goes_on(tmp_path, limit):
    settings = {"events": {"data_dir": str(tmp_path / "full"), **limit}}
    with EventBus.open(settings=settings, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["#"])
        secret, _ = Tokens(AccessStore(bus.data_dir), bus.clock.time).create("ci", Role.ADMIN, None)
        client = create_app(bus).test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
        body = {"event_type": "repo.sync.start"}
        found = [client.post("/api/v1/events", json=body) for _ in range(2)]
        assert found[1].status_code == 507 and found[1].content_type == "application/problem+json"
        assert "nothing was stored" in found[1].json["detail"] and "pulp-admin" not in found[1].text
        assert client.get("/api/v1/deliveries").status_code == 200


def test_a_disk_that_is_full_is_507_for_each_that_changes_a_listener(bus, as_role, monkeypatch):
    client = as_role("admin", trusted=True)
    listener = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["#"])
    new = {"notifier_type_id": "http", "notifier_config": {"url": "http://127.0.0.1:9/"}, "event_types": ["#"]}

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for method, path, body in (
        ("POST", "listeners", new),
        ("PATCH", f"listeners/{listener.id}", {"description": "x"}),
        ("POST", f"listeners/{listener.id}/disable", {}),
        ("DELETE", f"listeners/{listener.id}", None),
    ):
        answer = client.open(f"/api/v1/{path}", method=method, json=body)
        assert answer.status_code == 507 and "/" not in answer.json["detail"], (method, path, answer.text)
    assert bus.listeners.list() == [listener]


def test_a_disk_that_is_full_is_507_for_an_event(bus, client, monkeypatch):
    bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["#"])
    add = bus.outbox.add

    def no_page_more(events, *more, **named):
        try:
            with sqlite3.connect(":memory:") as small:
                small.execute("PRAGMA max_page_count = 2")
                small.execute("CREATE TABLE t (text)")
                small.execute("INSERT INTO t VALUES (zeroblob(100000))")
        except sqlite3.Error as error:
            raise explain_only(bus.data_dir / "outbox.sqlite", error) from error
        return add(events, *more, **named)

    monkeypatch.setattr(bus.outbox, "add", no_page_more)
    answer = client.post("/api/v1/events", json={"event_type": "repo.sync.start"})
    assert answer.status_code == 507 and "/" not in answer.json["detail"]
