"""Deliveries through the API: found, shown, retried."""

from dataclasses import replace

import pytest

from pulp_events.outbox.records import DeliveryQuery

API = "/api/v1"


@pytest.fixture
def listeners(bus):
    create = bus.listeners.create
    return [
        create("http", {"url": "http://127.0.0.1:9/hook"}, ["repo.sync.*"], name="ci"),
        create("http", {"url": "http://127.0.0.1:9/other"}, ["#"], name="all"),
    ]


@pytest.fixture
def events(bus, listeners):
    return [bus.emit("repo.sync.start", {"n": n}, id=f"e{n}") for n in range(4)]


def listed(client, **query):
    answer = client.get(f"{API}/deliveries", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def bury(bus, **query):
    return sum(bus.deliveries.discard(DeliveryQuery(**query), "no longer needed"))


def test_a_delivery_says_what_it_waits_for_and_its_attempts(client, events):
    found = client.get(f"{API}/deliveries/e0.0").json
    assert found["state"] == "pending" and found["attempt_list"] == []
    assert found["waiting_for"]["cause"] == "worker" and found["waiting_for"]["at_once"]


def test_deliveries_are_found_by_each_filter(client, bus, listeners, events):
    ci = listeners[0]
    bury(bus, listener_id=ci.id, event_id="e1")
    assert len(listed(client)["items"]) == 8
    assert [each["id"] for each in listed(client, state="dead")["items"]] == ["e1.0"]
    assert [each["id"] for each in listed(client, error="NO LONGER")["items"]] == ["e1.0"]
    assert {each["listener_id"] for each in listed(client, listener=ci.id)["items"]} == {ci.id}
    assert len(listed(client, listener="ci")["items"]) == 4
    assert len(listed(client, event_id="e2")["items"]) == 2
    assert len(listed(client, event_type="repo.sync.*", notifier_type="http")["items"]) == 8
    assert listed(client, notifier_type="email")["items"] == []
    assert listed(client, since="2099-01-01T00:00:00Z")["items"] == []


def test_pages_have_each_delivery_once_while_others_come(client, bus, events):
    seen, cursor = [], None
    while True:
        page = listed(client, limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [each["id"] for each in page["items"]]
        bus.emit("repo.sync.start", {}, id=f"later{len(seen)}")
        if not (cursor := page["next"]):
            break
    assert len(seen) == 8 == len(set(seen))


def test_one_dead_delivery_is_retried(client, bus, events):
    bury(bus, event_id="e1")
    assert client.post(f"{API}/deliveries/e1.0/retry").json == {"count": 1, "more": False, "dry_run": False}
    assert bus.deliveries.get("e1.0").state == "pending" and bus.deliveries.get("e1.1").state == "dead"
    bus.listeners.delete(bus.deliveries.get("e1.0").listener_id)
    assert client.post(f"{API}/deliveries/e1.0/retry").status_code == 409


def test_deliveries_are_retried_by_filter_after_they_were_counted(client, bus, events):
    bury(bus)
    body = {"listener": "ci"}
    assert client.post(f"{API}/deliveries/retry", json={**body, "dry_run": True}).json["count"] == 4
    assert bus.deliveries.count(DeliveryQuery(state="dead")) == 8
    assert client.post(f"{API}/deliveries/retry", json=body).json == {"count": 4, "more": False, "dry_run": False}
    assert client.post(f"{API}/deliveries/retry", json={"all": True}).json["count"] == 4


@pytest.mark.parametrize("body", [{}, {"state": "dead"}, {"all": True, "listener": "ci"}, {"listener": "nobody"}, []])
def test_a_retry_that_does_not_say_which_is_refused(client, bus, events, body):
    answer = client.post(f"{API}/deliveries/retry", json=body)
    assert answer.status_code == 422 and answer.json["errors"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0}, {"limit": 201}, {"limit": "many"}, {"cursor": "x"}, {"cursor": "bm8"}, {"cursor": "MQ"},
        {"state": "lost"}, {"since": "yesterday"}, {"since": "2026-01-01T00:00:00"}, {"listener": "nobody"},
        {"since": "0001-01-01T00:00:00+14:00"}, {"error": "\0"}, {"event_id": ""},
    ],
)  # fmt: skip
def test_a_query_that_is_not_valid_is_told_by_parameter(client, events, query):
    answer = client.get(f"{API}/deliveries", query_string=query)
    assert answer.status_code == 422 and answer.json["errors"][0]["parameter"] in query


def test_a_cursor_of_a_delivery_that_was_deleted_goes_on(client, bus, events):
    page = listed(client, limit=2)
    bury(bus, event_id="e3")
    assert sum(bus.deliveries.purge(DeliveryQuery(event_id="e3"))) == 2
    assert len(listed(client, cursor=page["next"])["items"]) == 6


def test_what_is_not_there(client):
    for path in ("deliveries/none.0", "deliveries/none", "deliveries/%00.1"):
        assert client.get(f"{API}/{path}").status_code == 404


def test_the_shown_functions_need_no_framework(bus, events):
    from pulp_events_web.shown import deliveries

    found = bus.deliveries.get("e0.0")
    assert deliveries.shown(replace(found, detail="x"))["detail"] == "x"
