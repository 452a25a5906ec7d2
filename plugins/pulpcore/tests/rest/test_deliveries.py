"""Deliveries: lists, pages, attempts, retry; mutes."""

import json
import time

import pytest

from pulp_events.testing import Answer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a Pulp is started

EMIT = """
from pulp_events_pulpcore.app.bus import bus
from pulpcore.plugin.util import get_domain
for number in range({count}):
    bus().emit("{event_type}", {{"repo_id": "r", "number": number}}, scope={scope}, trace_context={trace})
"""
TRACE = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}


def emit(server, count=1, event_type="repo.sync.start", scope="str(get_domain().pk)"):
    server.python(EMIT.format(count=count, event_type=event_type, scope=scope, trace=TRACE))


def until(ask, wanted, timeout=30):
    deadline = time.monotonic() + timeout
    while not wanted(found := ask()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_deliveries_are_listed_shown_and_made_again(alice, pulp, sink):
    sink.answer = Answer(400)
    href = alice.create(sink.url, "repo.sync.start", config={"permanent": ["400"]}).body["pulp_href"]
    emit(pulp, 3)
    until(lambda: alice("GET", f"{href}deliveries/?state=dead").body, lambda body: body["count"] == 3)
    page = alice("GET", f"{href}deliveries/?limit=2&offset=1").body
    assert page["count"] == 3 and len(page["results"]) == 2 and page["previous"]
    first = page["results"][0]
    assert first["listener"] == href and first["attempts"] == 1 and "400" in first["detail"]
    after = alice("GET", f"{href}deliveries/?before={first['id']}").body["results"]
    assert after == page["results"][1:]
    shown = alice("GET", f"{href}deliveries/{first['id']}/").body
    assert [each["outcome"] for each in shown["attempt_records"]] == ["permanent"]
    assert shown["report"]["payload"]["repo_id"] == "r" and shown["trace_id"] == first["trace_id"] == "a" * 32
    assert alice("GET", f"event-deliveries/?listener={href}&event_type=repo.sync.*").body["count"] == 3
    assert alice("GET", "event-deliveries/?event_type=repo.publish.*").body["count"] == 0
    sink.answer = Answer(200)
    one = alice("POST", f"{href}deliveries/{first['id']}/retry/")
    assert one.status == 200 and one.body["id"] == first["id"], one.body
    until(lambda: alice("GET", f"{href}deliveries/{first['id']}/").body, lambda body: body["state"] == "delivered")
    assert alice("POST", f"{href}retry/", {}).body == {"count": 2}
    until(lambda: alice("GET", f"{href}deliveries/?state=delivered").body, lambda body: body["count"] == 3)
    repeated = alice("POST", f"{href}deliveries/{first['id']}/retry/").body
    assert repeated["repeat_of"] == first["id"]


def test_a_delivery_of_another_listener_is_not_there(alice, user, pulp, sink):
    mine = alice.create(sink.url, "repo.sync.start").body["pulp_href"]
    bob = user("events.eventlistener_creator")
    his = bob.create(sink.url, "repo.sync.start").body["pulp_href"]
    emit(pulp)
    [delivery] = until(lambda: bob("GET", f"{his}deliveries/").body["results"], bool)
    for href in (mine, his):
        assert alice("GET", f"{href}deliveries/{delivery['id']}/").status == 404
        assert alice("POST", f"{href}deliveries/{delivery['id']}/retry/").status == 404
    assert alice("GET", f"event-deliveries/?listener={his}").body["count"] == 0
    assert bob("GET", f"event-deliveries/?event_id={delivery['event_id']}").body["count"] == 1


@pytest.mark.parametrize(
    "query, field",
    [
        ("state=lost", "state"), ("since=yesterday", "since"), ("offset=1000000", "offset"), ("no=1", "no"),
        ("event_type=%00", "event_type"), ("listener_ids=x", "listener_ids"),
    ],
)  # fmt: skip
def test_a_query_that_fits_nothing_is_refused(admin, query, field):
    answer = admin("GET", f"event-deliveries/?{query}")
    assert answer.status == 400 and field in answer.body, answer.body


@pytest.mark.parametrize("query", ["before=x", "before=%27", "event_type=**", "event_id=%27", "limit=-1", "listener=x"])
def test_an_odd_query_is_no_error_of_the_server(admin, query):
    assert admin("GET", f"event-deliveries/?{query}").status in (200, 400, 404)


def test_a_listener_is_muted_and_unmuted(alice, sink):
    href = alice.create(sink.url).body["pulp_href"]
    muted = alice("POST", f"{href}mute/", {"seconds": 600, "reason": "new disks"})
    assert muted.status == 200, muted.body
    assert (
        muted.body["mute_reason"] == "new disks" and muted.body["muted_until"] and alice.name in muted.body["muted_by"]
    )
    assert alice("POST", f"{href}unmute/").body["muted_until"] is None
    assert alice("POST", f"{href}mute/", {"until": "2099-01-01T00:00:00Z"}).status == 200
    for odd in (
        {},
        {"seconds": 0},
        {"seconds": 1e300},
        {"until": "2001-01-01T00:00:00Z"},
        {"seconds": 1, "until": "x"},
    ):
        answer = alice("POST", f"{href}mute/", odd)
        assert answer.status == 400, (odd, answer.body)


def test_notifiers_and_event_types_are_described(user):
    nobody = user()
    notifiers = {each["type_id"]: each for each in nobody("GET", "event-notifiers/").body["results"]}
    http = notifiers["http"]
    assert (
        http["allowed"] and http["schema"]["properties"]["token"]["writeOnly"] and "url" in http["schema"]["required"]
    )
    assert nobody("GET", "event-notifiers/http/").body == http
    assert nobody("GET", "event-notifiers/none/").status == 404
    types = nobody("GET", "event-types/?limit=2").body
    assert types["count"] > 4 and len(types["results"]) == 2
    assert nobody("GET", "event-types/repo.sync.finish/").body["schema"]["type"] == "object"
    assert nobody("GET", "event-types/no.such/").status == 404


def test_the_api_is_described(pulp):
    api = pulp.session.get(f"{pulp.url}/pulp/api/v3/docs/api.json?component=events", timeout=60).json()
    operations = {each["operationId"]: each for path in api["paths"].values() for each in path.values()}
    names = {
        *(f"event_listeners_{each}" for each in (
            "list", "create", "read", "update", "partial_update", "delete", "test", "mute", "unmute", "retry",
            "deliveries", "deliveries_read", "deliveries_retry", "history", "list_roles", "add_role", "remove_role",
            "my_permissions",
        )), "event_deliveries_list", "event_notifiers_list", "event_notifiers_read", "event_types_list",
        "event_types_read",
    }  # fmt: skip
    assert set(operations) == names
    for name in names - {"event_listeners_delete"}:
        good = next(value for status, value in operations[name]["responses"].items() if status.startswith("2"))
        assert good["content"]["application/json"]["schema"], name
    for name in ("create", "update", "partial_update", "mute", "retry"):
        body = operations[f"event_listeners_{name}"]["requestBody"]["content"]
        assert list(body) == ["application/json"], name
    assert "requestBody" not in operations["event_listeners_test"]
    said = pulp.python(
        "import sys, json, contextlib, io\nfrom drf_spectacular.drainage import GENERATOR_STATS\n"
        "from pulpcore.openapi import PulpSchemaGenerator\nPulpSchemaGenerator().get_schema(None, True)\n"
        "print(json.dumps([str(key) for cache in (GENERATOR_STATS._warn_cache, GENERATOR_STATS._error_cache) "
        "for key in cache]))"
    )
    # Of each href in Pulp it says that its type is unknown.
    assert [each for each in json.loads(said.splitlines()[-1]) if "vent" in each and "_href" not in each] == []
