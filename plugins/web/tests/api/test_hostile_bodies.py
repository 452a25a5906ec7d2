"""Whatever is sent, the answer is a problem that says what is wrong, and never that the server is broken."""

import json
import random

import pytest

DEEP = '{"notifier_config": ' + '{"a":' * 50_000 + "1" + "}" * 50_001

BODIES = [
    b"", b"{", b"null", b"[]", b"1", b'"x"', b"\xff\xfe", b"{}", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1e999}',
    b'{"a": ' + b"9" * 5000 + b"}", DEEP.encode(), b"[" * 100_000, b'{"a": "\\ud800"}', b'{"\\ud800": 1}',
    b'{"name": "\\u0000"}', b'{"notifier_config": {"url": "\\u0000"}}', b'{"labels": {"\\u0000": "x"}}', b"\x00" * 100,
]  # fmt: skip
ROUTES = [
    ("POST", ""), ("PATCH", "/{}"), ("POST", "/{}/disable"), ("POST", "/{}/mute"), ("POST", "/{}/rotate-secret"),
    ("POST", "/{}/explain"), ("POST", "/{}/backfill"), ("POST", "/{}/backtest"),
]  # fmt: skip


@pytest.fixture
def listener(root, new):
    return root("POST", "listeners", new()).json["id"]


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_bodies_that_are_no_json_or_more_than_json(root, listener, bus, method, route):
    before = bus.listeners.list()
    for body in BODIES:
        answer = root(method, "listeners" + route.format(listener), data=body, content_type="application/json")
        assert answer.status_code < 500, (body[:40], answer.text)
        if answer.status_code >= 400:
            assert answer.content_type == "application/problem+json" and answer.json["detail"]
    after = bus.listeners.list()
    assert [each.notifier_config for each in after] == [each.notifier_config for each in before]
    assert root(method, "listeners" + route.format(listener), data=b"a=b", content_type="text/plain").status_code == 415


VALUES = [
    None, True, 0, -1, 10**300, 1e308, "", "x" * 100_000, "\x00", "é\u202e", [], [[]], [None], {}, {"a": {"b": []}},
    {"$env": "PATH"}, {"$file": "/etc/passwd"}, {"": ""}, ["*"] * 101, "0001-01-01T00:00:00+23:59",
]  # fmt: skip
FIELDS = {
    "": ["name", "description", "labels", "notifier_config", "event_types", "filter", "enabled", "retry_schedule",
         "lanes", "timeout", "rate", "expires", "notifier_type_id"],
    "/{}/disable": ["reason"], "/{}/mute": ["seconds", "until", "drop", "reason"],
    "/{}/rotate-secret": ["secret", "overlap"], "/{}/explain": ["event_type", "payload", "call_report", "scope"],
    "/{}/backfill": ["since", "until", "dry_run"], "/{}/backtest": ["since", "until", "sample", "previews", "filter"],
}  # fmt: skip


def some(number):
    """Of the values: quick tests take their turns, and the slow one takes all."""
    return random.Random(22 + number).sample(VALUES, 3)


@pytest.mark.parametrize("route", FIELDS)
def test_values_of_wrong_kinds(person, listener, new, route):
    _values(person, listener, new, route, "root", some)


@pytest.mark.slow
@pytest.mark.parametrize("route", FIELDS)
@pytest.mark.parametrize("who", ["root", "ada"])
def test_values_of_every_wrong_kind(person, listener, new, route, who):
    _values(person, listener, new, route, who, lambda _: VALUES)


def _values(person, listener, new, route, who, values):
    valid = {
        "": new(), "/{}/explain": {"event_type": "repo.sync.start"}, "/{}/backfill": {"since": "2026-01-01T00:00:00Z"},
    }.get(route, {})  # fmt: skip
    for number, field in enumerate(FIELDS[route]):
        for value in values(number):
            body = {**valid, field: value}
            answer = person(who)("POST", "listeners" + route.format(listener), body)
            assert answer.status_code < 500, (field, value if len(str(value)) < 99 else "…", answer.text)
            if route == "" and field != "notifier_type_id":
                answer = person(who)("PATCH", f"listeners/{listener}", {field: value})
                assert answer.status_code < 500, (field, value if len(str(value)) < 99 else "…", answer.text)
            json.loads(answer.text)


@pytest.mark.slow
def test_values_of_every_wrong_kind_in_the_configuration(root, listener, sink):
    dice = random.Random(22)
    for key in (
        "url",
        "username",
        "password",
        "header",
        "secret",
        "previous_secret_until",
        "format",
        "insecure",
        "ca_path",
    ):
        for value in dice.sample(VALUES, len(VALUES)):
            body = {"notifier_config": {"url": sink.url, key: value}}
            answer = root("PATCH", f"listeners/{listener}", body)
            assert answer.status_code < 500, (key, value if len(str(value)) < 99 else "…", answer.text)
            assert root("GET", f"listeners/{listener}").status_code == 200


@pytest.mark.parametrize("name", ["%00", "%ED%A0%80", "..%2f..", "x" * 3000, "%F0%9F%98%80", "a b", "'", "0" * 24])
def test_ids_of_no_listener(root, name):
    for method, route, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "/history", None),
        ("POST", "/mute", {"seconds": 1}),
    ):
        answer = root(method, f"listeners/{name}{route}", body)
        assert answer.status_code == 404 and answer.content_type == "application/problem+json"


@pytest.mark.parametrize("value", ["", '"', "x", 'W/"x"', '"a", "b"', "\t", "é", '"' + "x" * 5000 + '"'])
def test_if_match_of_any_kind(root, listener, value):
    answer = root("PATCH", f"listeners/{listener}", {"description": "x"}, headers={"If-Match": value})
    assert answer.status_code == 412
