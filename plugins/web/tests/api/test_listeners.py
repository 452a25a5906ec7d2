"""Listeners by REST: made, shown, changed, refused by field."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulp_events import Author
from pulp_events.secrets import MASK

from .conftest import Person, pointers


def test_a_listener_is_made_shown_changed_and_deleted(ada, vera, bus, new):
    made = ada("POST", "listeners", new(description="builds", labels={"team": "ci"}, rate="10/s", expires=60))
    assert made.status_code == 201, made.json
    path = f"listeners/{made.json['id']}"
    assert made.headers["Location"] == f"/api/v1/{path}"
    assert made.json["author"] == {"name": "ada", "trusted": False}
    assert made.json["description"] == "builds" and made.json["labels"] == {"team": "ci"}
    assert made.json["health"] is None and made.json["muted_until"] is None and made.json["created"].endswith("Z")
    seen = vera("GET", path)
    assert seen.json == made.json and seen.headers["ETag"] == made.headers["ETag"]
    changed = ada("PATCH", path, {"event_types": ["*"], "rate": None, "enabled": False})
    assert changed.status_code == 200, changed.json
    assert (changed.json["event_types"], changed.json["rate"], changed.json["enabled"]) == (["*"], None, False)
    assert changed.json["description"] == "builds" and changed.headers["ETag"] != made.headers["ETag"]
    assert ada("DELETE", path).status_code == 204
    assert vera("GET", path).status_code == 404 and not bus.listeners.list()


SECRETS = {"username": "u", "password": "pw-of-basic", "secret": "whsec_" + "QUFB" * 11}


def test_no_answer_has_a_secret(root, vera, sink, new):
    config = {"url": sink.url.replace("//", "//u2:pw-in-url@"), **SECRETS}
    del config["username"], config["password"]
    answers = [root("POST", "listeners", new(name="safe", notifier_config=config))]
    if answers[0].status_code == 422:  # a notifier may refuse passwords in URLs
        config["url"] = sink.url
        answers.append(root("POST", "listeners", new(name="safe", notifier_config={**config, **SECRETS})))
    assert answers[-1].status_code == 201, answers[-1].json
    for path in ("listeners", "listeners/safe", "listeners/safe/history", "listeners?q=whsec"):
        answers.append(vera("GET", path))
    answers.append(root("PATCH", "listeners/safe", {"notifier_config": {"secret": "whsec_" + "QkJC" * 11}}))
    answers.append(root("PATCH", "listeners/safe", {"notifier_config": {"secret": "no-key-but-secret"}}))
    answers.append(root("POST", "listeners/safe/rotate-secret", {"secret": "whsec_" + "Q0ND" * 11}))
    assert answers[-1].status_code == 200, answers[-1].json
    answers.append(root("POST", "listeners/safe/test"))
    answers.append(vera("GET", "listeners/safe/history"))
    for answer in answers:
        for secret in ("pw-in-url", "pw-of-basic", "QUFB", "QkJC", "Q0ND", "no-key-but-secret"):
            assert secret not in answer.text and secret not in str(answer.headers)
    shown = vera("GET", "listeners/safe").json
    assert {"name": "secret", "is_set": True} in shown["secrets"] and "secret" not in shown["notifier_config"]
    assert vera("GET", "listeners?q=whsec").json["items"] == []


def test_what_was_shown_may_be_given_back(root, bus, new, sink):
    root("POST", "listeners", new(name="safe", lanes=2, notifier_config={"url": sink.url, **SECRETS}))
    before = bus.listeners.get("safe")
    shown = root("GET", "listeners/safe").json
    back = {
        key: shown[key] for key in ("name", "lanes", "notifier_config", "event_types", "filter", "labels", "enabled")
    }
    assert root("PATCH", "listeners/safe", back).status_code == 200
    assert bus.listeners.get("safe") == before


def test_a_mask_is_refused(root, bus, new, sink):
    root("POST", "listeners", new(name="safe", notifier_config={"url": sink.url, **SECRETS}))
    for answer in (
        root("PATCH", "listeners/safe", {"notifier_config": {"password": MASK}}),
        root("POST", "listeners", new(notifier_config={"url": sink.url, "username": "u", "password": MASK})),
    ):
        assert answer.status_code == 422 and pointers(answer) == {"/notifier_config/password"}
    assert bus.listeners.get("safe").notifier_config["password"] == "pw-of-basic"


@pytest.mark.parametrize(
    ("wrong", "status", "where"),
    [
        ({"notifier_config": {"url": "ftp://x"}}, 422, "/notifier_config/url"),
        ({"notifier_config": {}}, 422, "/notifier_config/url"),
        (
            {"notifier_config": {"url": "http://127.0.0.1/", "header": ["X: y", "no header"]}},
            422,
            "/notifier_config/header/1",
        ),
        ({"notifier_config": {"url": "http://127.0.0.1/", "uurl": "x"}}, 422, "/notifier_config/uurl"),
        ({"notifier_config": {"url": "http://127.0.0.1/", "secret": "generate"}}, 422, "/notifier_config/secret"),
        ({"notifier_config": "x"}, 422, "/notifier_config"),
        ({"notifier_type_id": "nothing"}, 422, "/notifier_type_id"),
        ({"event_types": ["repo.sync.start", "repo.sink.start"]}, 422, "/event_types/1"),
        ({"event_types": []}, 422, "/event_types"),
        ({"event_types": "*"}, 422, "/event_types"),
        ({"filter": "payload.["}, 422, "/filter"),
        ({"rate": "often"}, 422, "/rate"),
        ({"expires": -1}, 422, "/expires"),
        ({"lanes": 1000}, 422, "/lanes"),
        ({"retry_schedule": [0]}, 422, "/retry_schedule"),
        ({"labels": {"a b": "c"}}, 422, "/labels"),
        ({"name": "two words"}, 422, "/name"),
        ({"enabled": "perhaps"}, 422, "/enabled"),
        ({"colour": "blue"}, 422, "/colour"),
        ({"id": "0" * 24}, 422, "/id"),
        ({"scope": "other"}, 422, "/scope"),
    ],
)
def test_what_is_refused_is_named_by_its_field(root, bus, new, wrong, status, where):
    made = root("POST", "listeners", new(**wrong))
    assert made.status_code == status and where in pointers(made), made.json
    assert not bus.listeners.list()
    there = root("POST", "listeners", new()).json["id"]
    before = bus.listeners.get(there)
    if wrong != {"notifier_config": {}}:
        changed = root("PATCH", f"listeners/{there}", wrong)
        assert changed.status_code == status and where in pointers(changed), changed.json
    assert bus.listeners.list() == [before]


def test_a_name_that_is_taken_is_named_by_its_field(root, new):
    assert root("POST", "listeners", new(name="one")).status_code == 201
    again = root("POST", "listeners", new(name="one"))
    assert again.status_code == 409 and pointers(again) == {"/name"}


# Who may


@pytest.mark.parametrize(
    ("method", "path", "body", "who_may"),
    [
        ("GET", "listeners", None, "vera otto ada root"),
        ("GET", "listeners/one", None, "vera otto ada root"),
        ("GET", "listeners/one/history", None, "vera otto ada root"),
        ("POST", "listeners/one/explain", {"event_type": "repo.sync.start"}, "vera otto ada root"),
        ("POST", "listeners/one/backtest", {}, "vera otto ada root"),
        ("POST", "listeners/one/backtest", {"filter": "payload.x"}, "ada root"),
        ("POST", "listeners/one/test", None, "otto ada root"),
        ("POST", "listeners/one/enable", None, "otto ada root"),
        ("POST", "listeners/one/disable", {}, "otto ada root"),
        ("POST", "listeners/one/mute", {"seconds": 60}, "otto ada root"),
        ("POST", "listeners/one/unmute", None, "otto ada root"),
        ("POST", "listeners/one/backfill", {"since": "2026-01-01T00:00:00Z"}, "ada root"),
        ("POST", "listeners/one/rotate-secret", {"secret": "whsec_" + "QUFB" * 11}, "ada root"),
        ("PATCH", "listeners/one", {"description": "x"}, "ada root"),
        ("POST", "listeners", "new", "ada root"),
        ("DELETE", "listeners/one", None, "ada root"),
    ],
)
def test_who_may(person, bus, new, sink, method, path, body, who_may):
    for name in ("nobody", "vera", "otto", "ada", "root"):
        for each in bus.listeners.list():
            bus.listeners.delete(each.id)
        made = bus.listeners.by(Author("ada")).create("http", {"url": sink.url}, ["*"])
        bus.listeners.update(made.id, name="one")
        answer = person(name)(method, path, new() if body == "new" else body)
        expected = 401 if name == "nobody" else None if name in who_may.split() else 403
        assert answer.status_code < 300 if expected is None else answer.status_code == expected, (name, answer.text)
        if expected is not None:
            assert answer.content_type == "application/problem+json"


def test_nobody_learns_from_a_fault_what_they_may_not_ask(person):
    wrong = {"notifier_type_id": "x", "event_types": ["repo.sink.start"]}
    for name, status in (("nobody", 401), ("vera", 403)):
        for method, path, body in (("POST", "listeners", wrong), ("POST", "events", {"event_type": "repo.sink.start"})):
            answer = person(name)(method, path, body)
            assert answer.status_code == status and "repo.sync" not in answer.text, answer.text
    assert person("nobody")("GET", "listeners?colour=blue").status_code == 401


def test_an_author_who_is_not_trusted_is_held_to_what_untrusted_ones_may(ada, new, bus, sink):
    for wrong, status, where in (
        ({"notifier_config": {"url": "http://169.254.169.254/"}}, 422, "/notifier_config/url"),
        (
            {"notifier_config": {"url": sink.url, "password": {"$file": "/etc/shadow"}, "username": "u"}},
            422,
            "/notifier_config/password",
        ),
        ({"notifier_config": {"url": sink.url, "ca_path": "/etc/ssl"}}, 422, "/notifier_config/ca_path"),
        ({"notifier_type_id": "email", "notifier_config": {"addresses": ["a@b.example"]}}, 403, "/notifier_type_id"),
        ({"name": "mine"}, 403, "/name"),
        ({"lanes": 1}, 403, "/lanes"),
    ):
        answer = ada("POST", "listeners", new(**wrong))
        assert answer.status_code == status and where in pointers(answer), answer.json
    assert not bus.listeners.list()


def test_a_trusted_one_is_an_administrator_of_the_machine(root, new, sink):
    made = root("POST", "listeners", new(name="ours", lanes=1, timeout=3, retry_schedule=[1, 2]))
    assert made.status_code == 201 and made.json["author"] == {"name": "root", "trusted": True}


def test_an_administrators_listener_is_changed_by_the_trusted_alone(ada, otto, root, bus, sink):
    made = bus.listeners.create("http", {"url": sink.url}, ["*"], name="ours")
    for method, path, body in (
        ("PATCH", "", {"description": "x"}),
        ("DELETE", "", None),
        ("POST", "/rotate-secret", {"secret": "whsec_" + "QUFB" * 11}),
        ("POST", "/backfill", {"since": "2026-01-01T00:00:00Z"}),
    ):
        answer = ada(method, f"listeners/ours{path}", body)
        assert answer.status_code == 403 and "trusted" in answer.json["detail"]
    assert bus.listeners.list() == [made]
    assert otto("POST", "listeners/ours/mute", {"seconds": 60}).status_code == 200
    assert root("PATCH", "listeners/ours", {"description": "x"}).status_code == 200


def test_each_change_is_in_the_history_with_its_user(ada, otto, vera, new):
    path = f"listeners/{ada('POST', 'listeners', new()).json['id']}"
    ada("PATCH", path, {"description": "builds"})
    otto("POST", f"{path}/mute", {"seconds": 60, "reason": "disks"})
    otto("POST", f"{path}/unmute")
    otto("POST", f"{path}/disable", {"reason": "broken"})
    otto("POST", f"{path}/enable")
    ada("DELETE", path)
    found = vera("GET", f"{path}/history").json["items"]
    assert [(each["action"], each["by"]) for each in found] == [
        (action, f"{who} (untrusted)")
        for action, who in (
            ("deleted", "ada"), ("enabled", "otto"), ("disabled", "otto"), ("unmuted", "otto"), ("muted", "otto"),
            ("updated", "ada"), ("created", "ada"),
        )
    ]  # fmt: skip
    (difference,) = found[5]["differences"]
    assert difference == {"key": "description", "before": None, "after": "builds", "hidden": False}
    pages, cursor = [], ""
    while cursor is not None:
        page = vera("GET", f"{path}/history?limit=2{cursor and '&cursor=' + cursor}").json
        pages, cursor = pages + page["items"], page["next"]
    assert pages == found


# ETag and If-Match


def test_a_change_of_what_was_changed_since_is_refused(ada, bus, new):
    made = ada("POST", "listeners", new())
    path, seen = f"listeners/{made.json['id']}", {"If-Match": made.headers["ETag"]}
    changed = ada("PATCH", path, {"description": "a"}, headers=seen)
    assert changed.status_code == 200
    for method, step, body in (
        ("PATCH", "", {"description": "b"}),
        ("POST", "/disable", {}),
        ("POST", "/mute", {"seconds": 9}),
        ("POST", "/rotate-secret", {"secret": "whsec_" + "QUFB" * 11}),
        ("DELETE", "", None),
    ):
        assert ada(method, path + step, body, headers=seen).status_code == 412
    assert ada("PATCH", path, {"description": "b"}, headers={"If-Match": "*"}).status_code == 200
    assert ada("PATCH", path, {"description": "c"}).status_code == 200
    assert (
        ada("PATCH", path, {"description": "d"}, headers={"If-Match": "W/" + changed.headers["ETag"]}).status_code
        == 412
    )
    assert bus.listeners.get(made.json["id"]).description == "c"


def test_a_new_secret_is_another_etag_and_the_etag_tells_nothing_of_it(root, new, sink):
    made = root("POST", "listeners", new(notifier_config={"url": sink.url, **SECRETS}))
    changed = root("PATCH", f"listeners/{made.json['id']}", {"notifier_config": {"password": "other"}})
    assert changed.json["notifier_config"] == made.json["notifier_config"]
    assert changed.headers["ETag"] != made.headers["ETag"]


@pytest.mark.parametrize("body", [{"description": "{}"}, {"description": "{}", "enabled": False}])
def test_of_two_administrators_at_once_one_is_told(app, ada, new, body):
    made = ada("POST", "listeners", new())
    path, seen = f"listeners/{made.json['id']}", {"If-Match": made.headers["ETag"]}

    def change(number):
        mine = {**body, "description": f"of {number}"}
        return Person(app, "ada")("PATCH", path, mine, headers=seen).status_code

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(change, range(8)))
    assert found == [200] + [412] * 7


# Lists


def test_filters(root, vera, sink, new):
    a = root("POST", "listeners", new(name="alpha", labels={"team": "ci", "x": "1"})).json["id"]
    b = root("POST", "listeners", new(name="beta", event_types=["repo.publish.start"], labels={"team": "ops"})).json[
        "id"
    ]
    root("POST", "listeners/beta/disable", {})
    root("POST", "listeners/alpha/mute", {"seconds": 60})
    for query, expected in {
        "": [a, b], "q=ALPH": [a], "q=" + sink.url[7:]: [a, b], "q=zzz": [], "label=team": [a, b], "label=team=ci": [a],
        "label=team=ci&label=x": [a], "label=nothing": [], "notifier_type_id=http": [a, b],
        "notifier_type_id=email": [],
        "event_type=repo.sync.start": [a], "event_type=repo.sync.*": [a], "enabled=true": [a], "enabled=false": [b],
        "muted=true": [a], "author=root": [a, b], "author=ada": [],
    }.items():  # fmt: skip
        assert [each["id"] for each in vera("GET", f"listeners?{query}").json["items"]] == expected, query


def test_pages_go_on_where_the_last_one_ended_also_when_it_is_deleted(root, vera, bus, new):
    ids = [root("POST", "listeners", new()).json["id"] for _ in range(7)]
    first = vera("GET", "listeners?limit=3").json
    assert [each["id"] for each in first["items"]] == ids[:3]
    bus.listeners.delete(ids[2])
    rest = vera("GET", f"listeners?limit=4&cursor={first['next']}").json
    assert [each["id"] for each in rest["items"]] == ids[3:] and rest["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "limit=1e9", "cursor=!", "cursor=bm90aGluZw", "cursor=WzEsMl0",
        "enabled=perhaps", "colour=blue", "q=" + "x" * 201, "cursor=" + "W" * 5000,
    ],
)  # fmt: skip
def test_a_query_that_is_not_valid_is_refused(vera, query):
    answer = vera("GET", f"listeners?{query}")
    assert answer.status_code == 422 and answer.json["errors"]


def test_answers_are_json_with_times_in_utc(ada, new):
    made = ada("POST", "listeners", new()).json
    assert json.dumps(made) and made["updated"].endswith("Z")


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"labels": {"a": None}}, "/labels/a"),
        ({"labels": {"a": {"b": 1}}}, "/labels/a"),
        ({"labels": {"a": 1, "b": "x"}}, "/labels/a"),
        ({"notifier_config": {"url": "http://127.0.0.1:9/", "header": [f"X-{n}: {900 * 'y'}" for n in range(50)]}}, ""),
    ],
)  # fmt: skip
def test_faults_point_to_where_they_are(ada, new, more, where):
    answer = ada("POST", "listeners", new(**more))
    assert answer.status_code in (403, 422) and pointers(answer) == {where}, answer.text


def test_no_fault_names_an_option_of_a_command(root, new):
    path = f"listeners/{root('POST', 'listeners', new()).json['id']}"
    for answer in (
        root("POST", f"{path}/rotate-secret", {"secret": "short"}),
        root("POST", "listeners", new(notifier_config={"url": "http://127.0.0.1:9/", "secret": "short"})),
    ):
        assert answer.status_code == 422 and "--" not in answer.text
        assert "begin with whsec_" in answer.json["detail"]
