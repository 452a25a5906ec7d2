"""CRUD of listeners: what is stored, shown, merged and refused."""

import json

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a Pulp is started

SECRET = "s3cr3t-token-of-alice"


def test_a_listener_is_made_shown_changed_and_deleted(alice, sink):
    made = alice.create(
        sink.url, "repo.sync.*", description="CI", labels={"team": "ops"}, filter="payload.repo_id == 'a'",
        rate="10/s", expires=60,
    )  # fmt: skip
    assert made.status == 201, made.body
    href = made.body["pulp_href"]
    assert made.headers["Location"] == href and href.startswith("/pulp/api/v3/event-listeners/")
    assert made.body["author"] == alice.name and made.body["enabled"] is True
    assert made.body.get("prn", "prn:").startswith("prn:"), "older releases of Pulp have none"
    shown = alice("GET", href)
    assert shown.status == 200 and shown.body == made.body
    patched = alice("PATCH", href, {"enabled": False, "filter": None})
    assert patched.status == 200, patched.body
    assert (patched.body["enabled"], patched.body["filter"], patched.body["rate"]) == (False, None, "10/s")
    put = alice("PUT", href, {**made.body, "enabled": True, "labels": {}})  # what GET answered is taken back
    assert put.status == 200, put.body
    assert put.body["labels"] == {} and put.body["filter"] == "payload.repo_id == 'a'" and put.body["enabled"]
    assert alice("DELETE", href).status == 204
    assert alice("GET", href).status == 404


def test_what_is_not_given_is_replaced_by_put_and_stays_with_patch(alice, sink):
    made = alice.create(sink.url, config={"token": SECRET, "header": ["X-A: 1"]}, description="old", rate="5/m")
    href = made.body["pulp_href"]

    def is_set(answer):
        return {each["name"]: each["is_set"] for each in answer.body["hidden_fields"]}["token"]

    patched = alice("PATCH", href, {"notifier_config": {"url": f"{sink.url}/other"}})
    assert patched.status == 200 and is_set(patched)
    assert patched.body["description"] == "old"
    removed = alice("PATCH", href, {"notifier_config": {"token": None}})
    assert removed.status == 200 and not is_set(removed)
    alice("PATCH", href, {"notifier_config": {"token": SECRET}})
    whole = {"notifier_type_id": "http", "notifier_config": {"url": sink.url}, "event_types": ["repo.sync.start"]}
    put = alice("PUT", href, whole)
    assert put.status == 200 and not is_set(put)
    assert put.body["description"] is None and put.body["rate"] is None
    assert put.body["event_types"] == ["repo.sync.start"] and put.body["notifier_config"] == {"url": sink.url}


def test_a_secret_is_in_no_answer_error_or_log(alice, admin, pulp, sink):
    answers = [alice.create(sink.url, config={"token": SECRET})]
    href = answers[0].body["pulp_href"]
    assert {"name": "token", "is_set": True} in answers[0].body["hidden_fields"]
    answers += [
        alice("GET", href),
        alice("GET", "event-listeners/"),
        admin("GET", "event-listeners/"),
        alice("PATCH", href, {"notifier_config": {"token": f"{SECRET} with a space"}}),
        alice("PATCH", href, {"notifier_config": {"tokn": SECRET}}),
        alice("PATCH", href, {"notifier_config": {"token": [SECRET]}}),
        alice("POST", f"{href}test/"),
        alice("POST", f"{href}mute/", {"seconds": 5}),
    ]
    assert [each.status for each in answers] == [201, 200, 200, 200, 400, 400, 400, 200, 200]
    assert SECRET not in json.dumps([each.body for each in answers])
    assert sink.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in pulp.log("api")
    stored = pulp.python(
        "from django.db import connection\nc = connection.cursor()\n"
        "c.execute('select record from events_eventlistener union all select change from events_listenerchange')\n"
        "print(c.fetchall())"
    )
    assert SECRET not in stored and len(stored) > 100


def test_the_history_says_who_changed_what_and_no_secret(alice, sink):
    href = alice.create(sink.url, config={"token": SECRET}).body["pulp_href"]
    alice("PATCH", href, {"rate": "5/m", "notifier_config": {"token": f"{SECRET}-2"}})
    alice("PATCH", href, {"enabled": False})
    found = alice("GET", f"{href}history/").body
    assert found["count"] == 3 and SECRET not in json.dumps(found)
    assert [each["action"] for each in found["results"]] == ["disabled", "updated", "created"]
    assert all(alice.name in each["by"] for each in found["results"])
    changed = {each["key"]: each for each in found["results"][1]["differences"]}
    assert changed["rate"] == {"key": "rate", "before": None, "after": "5/m", "hidden": False}
    assert changed["notifier_config.token"]["hidden"]
    page = alice("GET", f"{href}history/?limit=1&offset=1").body
    assert page["results"] == found["results"][1:2]


def test_a_password_in_a_url_is_refused_and_not_repeated(alice, sink):
    made = alice.create(sink.url.replace("http://", "http://bob:passw0rd-of-bob@"))
    assert made.status == 400 and "url" in made.body["notifier_config"]
    assert "passw0rd-of-bob" not in json.dumps(made.body)


@pytest.mark.parametrize(
    "fields, where",
    [
        ({"notifier_config": {"url": "ftp://x"}}, ["notifier_config", "url"]),
        ({"notifier_config": {}}, ["notifier_config", "url"]),
        ({"notifier_config": []}, ["notifier_config"]),
        ({"notifier_config": "x"}, ["notifier_config"]),
        ({"notifier_config": {"url": {"$file": "/etc/passwd"}}}, ["notifier_config"]),
        ({"event_types": []}, ["event_types"]),
        ({"event_types": ["no.such.type"]}, ["event_types"]),
        ({"event_types": "repo.sync.finish"}, ["event_types"]),
        ({"event_types": [None]}, ["event_types"]),
        ({"event_types": {"a": 1}}, ["event_types"]),
        ({"filter": "a =="}, ["filter"]),
        ({"filter": 5}, ["filter"]),
        ({"labels": {"a b": "x"}}, ["labels"]),
        ({"labels": {"a": {"b": 1}}}, ["labels"]),
        ({"labels": None}, ["labels"]),
        ({"rate": "often"}, ["rate"]),
        ({"expires": -1}, ["expires"]),
        ({"expires": 1e400}, ["detail"]),
        ({"description": "x" * 5000}, ["description"]),
        ({"enabled": "perhaps"}, ["enabled"]),
        ({"enabled": None}, ["enabled"]),
        ({"notifier_config": {"url": "http://a.example/", "secret": "generate"}}, ["notifier_config", "secret"]),
        ({"notifier_config": {"url": "http://a.example/", "token": "********"}}, ["notifier_config", "token"]),
        ({"notifier_type_id": "carrier-pigeon"}, ["notifier_type_id"]),
        ({"notifier_type_id": "email"}, ["notifier_type_id"]),
        ({"notifier_type_id": None}, ["notifier_type_id"]),
        ({"name": "ci"}, ["name"]),
        ({"author": "admin"}, ["author"]),
        ({"listener_id": "0" * 24}, ["listener_id"]),
        ({"lanes": 64}, ["lanes"]),
        ({"timeout": 900}, ["timeout"]),
        ({"retry_schedule": [1]}, ["retry_schedule"]),
        ({"scope": None}, ["scope"]),
        ({"trusted": True}, ["trusted"]),
        ({"pulp_domain": "other"}, ["pulp_domain"]),
        ({"record": "{}"}, ["record"]),
        ({"description": "\ud800"}, ["detail"]),
        ({"notifier_config": {"url": "http://a/\ud800"}}, ["detail"]),
        ({"description": "a\0b"}, ["description"]),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_by_field(alice, sink, fields, where):
    body = {
        "notifier_type_id": "http", "notifier_config": {"url": sink.url}, "event_types": ["repo.sync.finish"], **fields,
    }  # fmt: skip
    answer = alice("POST", "event-listeners/", data=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status == 400, answer.body
    found = answer.body
    for key in where:
        assert isinstance(found, dict) and key in found, answer.body
        found = found[key]
    assert found
    assert alice("GET", "event-listeners/").body["count"] == 0


@pytest.mark.parametrize(
    "body, status",
    [
        (b"[" * 30_000, 400),
        (b"[]", 400),
        (b"null", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"expires": NaN}', 400),
        (b'{"expires": ' + b"9" * 5000 + b"}", 400),
        (b'{"description": "' + b"x" * 100_000 + b'"}', 413),
    ],
)
def test_bodies_that_are_odd_or_huge_are_refused(alice, body, status):
    answer = alice("POST", "event-listeners/", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == status, answer.body


def test_forms_are_refused(alice):
    assert alice("POST", "event-listeners/", data={"notifier_type_id": "http"}).status == 415


def test_an_author_has_as_many_listeners_as_the_administrator_allows(alice, sink):
    made = [alice.create(sink.url) for _ in range(11)]
    assert [each.status for each in made] == [201] * 10 + [409]
    assert "max_listeners" in made[-1].body["detail"]


def test_lists_are_filtered_and_paged(alice, sink):
    hrefs = [alice.create(sink.url, each).body["pulp_href"] for each in ("repo.sync.*", "repo.publish.finish", "*")]
    alice("PATCH", hrefs[0], {"enabled": False})

    def found(query):
        answer = alice("GET", f"event-listeners/?{query}")
        assert answer.status == 200, answer.body
        return [each["pulp_href"] for each in answer.body["results"]]

    assert found("") == hrefs[::-1]
    assert found("enabled=false") == hrefs[:1]
    assert found("event_type=repo.sync.start&ordering=position") == [hrefs[0], hrefs[2]]
    assert found("q=enabled=true") == hrefs[:0:-1]
    assert found("notifier_type_id=email") == []
    page = alice("GET", "event-listeners/?limit=1&offset=1").body
    assert page["count"] == 3 and [each["pulp_href"] for each in page["results"]] == [hrefs[1]] and page["next"]
    for odd in ("record=1", "ordering=record", "name=%00", "event_type=%00", "limit=x&offset=-1"):
        assert alice("GET", f"event-listeners/?{odd}").status < 500, odd


def test_a_change_that_fails_halfway_leaves_nothing(alice, sink):
    href = alice.create(sink.url).body["pulp_href"]
    answer = alice("PATCH", href, {"description": "new", "enabled": False, "notifier_config": {"url": "x"}})
    assert answer.status == 400
    shown = alice("GET", href).body
    assert shown["description"] is None and shown["enabled"]
