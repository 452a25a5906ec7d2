"""Event types, notifier types, plugins, stats, health and version through the API; and who may."""

import pytest

from pulp_events import PluginError, StoreError
from pulp_events.outbox.records import DeliveryQuery
from pulp_events_web.api import health

API = "/api/v1"


def test_event_types_have_schema_and_example(client):
    names = [each["name"] for each in client.get(f"{API}/event-types").json["items"]]
    assert "repo.sync.finish" in names and names == sorted(names)
    found = client.get(f"{API}/event-types/repo.sync.start").json
    assert found["schema"]["type"] == "object" and "repo_id" in found["example"]
    assert client.get(f"{API}/event-types/repo.sync.begin").status_code == 404


def test_notifier_types_have_the_schema_of_their_configuration(client):
    names = [each["id"] for each in client.get(f"{API}/notifier-types").json["items"]]
    assert {"http", "email", "amqp"} <= {*names}
    found = client.get(f"{API}/notifier-types/http").json
    assert found["config_schema"]["properties"]["password"]["writeOnly"] and found["plugin"] == "http"
    assert client.get(f"{API}/notifier-types/fax").status_code == 404


def test_what_is_wrong_with_a_plugin_is_told_to_an_admin(client, bus, as_role):
    another = type("Another", (type(bus.plugins.notifiers["http"]),), {})()
    with pytest.raises(PluginError, match="already taken"):
        bus.plugins.add("broken", another)

    def reason(client):
        found = client.get(f"{API}/plugins").json["items"]
        return next(each["reason"] for each in found if each["state"] == "failed")

    assert reason(client)
    assert reason(as_role("viewer")) is None


def test_stats_count_by_listener_and_by_time(client, bus):
    listener = bus.listeners.create("http", {"url": "http://127.0.0.1:9/hook"}, ["#"])
    bus.emit("repo.sync.start", {}, id="a")
    bus.emit("repo.sync.start", {}, id="b")
    assert sum(bus.deliveries.discard(DeliveryQuery(event_id="a"), "no")) == 1
    found = client.get(f"{API}/stats").json
    assert found["totals"] == {"pending": 1, "delivered": 0, "dead": 1} and found["activity"] is None
    assert found["by_listener"][listener.id]["pending"] == 1 and found["events"] == 2
    found = client.get(f"{API}/stats", query_string={"since": found["oldest_event"], "by": "event-type"}).json
    assert found["activity"]["groups"]["repo.sync.start"]["discarded"] == 1
    assert sum(each["failed"] for each in found["activity"]["total"]["series"]) == 0


@pytest.mark.parametrize("query", [{"by": "x"}, {"until": "2026-01-01T00:00:00Z"}, {"listener": "nobody"}])
def test_stats_that_cannot_be_made(client, query):
    assert client.get(f"{API}/stats", query_string=query).status_code == 422


def test_stats_since_long_ago_are_few(client):
    found = client.get(f"{API}/stats", query_string={"since": "1970-01-01T00:00:00Z"})
    assert found.status_code == 200 and len(found.data) < 10_000_000


def test_health_is_for_everybody_and_its_details_for_who_is_known(client, anonymous):
    assert client.get(f"{API}/health").json["workers_alive"] == 0
    answer = anonymous.get(f"{API}/health")
    assert answer.status_code == 200 and answer.json == {"status": "ok"}


def test_health_fails_where_nobody_delivers(client, bus, monkeypatch):
    bus.listeners.create("http", {"url": "http://127.0.0.1:9/hook"}, ["#"])
    bus.emit("repo.sync.start", {})
    assert client.get(f"{API}/health").status_code == 200
    monkeypatch.setattr(health, "FRESH", 0.0)
    monkeypatch.setattr(health, "PATIENCE", -1.0)
    answer = client.get(f"{API}/health")
    assert answer.status_code == 503 and "no process" in answer.json["reason"]


def test_health_fails_where_the_store_cannot_be_used(client, bus, monkeypatch):
    def broken():
        raise StoreError("/srv/secret/outbox.db: disk I/O error")

    monkeypatch.setattr(bus.outbox, "stats", broken)
    answer = client.get(f"{API}/health")
    assert answer.status_code == 503 and not answer.json["store"] and "/srv" not in answer.text


def test_an_answer_about_health_holds_for_a_moment(client, bus, monkeypatch):
    asked = []
    stats = bus.outbox.stats
    monkeypatch.setattr(bus.outbox, "stats", lambda: asked.append(1) or stats())
    for _ in range(20):
        client.get(f"{API}/health")
    assert len(asked) < 20


READING = [
    "events", "events/a", "events/a/deliveries", "events/a/explanation", "deliveries", "deliveries/a.0", "event-types",
    "event-types/repo.sync.start", "notifier-types", "notifier-types/http", "plugins", "stats", "version",
]  # fmt: skip
OPERATING = [
    ("events", {"event_type": "repo.sync.start"}), ("deliveries/retry", {"all": True}), ("deliveries/a.0/retry", None),
]  # fmt: skip


def test_a_viewer_reads_and_an_operator_emits_and_retries(anonymous, bus, as_role):
    bus.listeners.create("http", {"url": "http://127.0.0.1:9/hook"}, ["#"])
    bus.emit("repo.sync.start", {}, id="a")
    assert sum(bus.deliveries.discard(DeliveryQuery(), "no")) == 1
    for role, reads, operates in ((None, 401, 401), ("viewer", 200, 403), ("operator", 200, 0)):
        client = anonymous if role is None else as_role(role)
        for path in READING:
            assert client.get(f"{API}/{path}").status_code == reads, (role, path)
        for path, body in OPERATING:
            status = client.post(f"{API}/{path}", json=body).status_code
            assert status == operates or (not operates and status in (200, 201, 409)), (role, path, status)
