"""The JSON Schemas of the notifiers that are installed: what they store fits, simple mistakes do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pulp_events import InvalidConfig, Plugins, json_schema
from pulp_events.listeners.notifier_config import validate

NOTIFIERS = Plugins.load().notifiers
KNOWN = {
    "email": {"subject": "s", "addresses": ["a@b.example"]},
    "http": {"url": "https://ci.example/hook"},
    "amqp": {},
    "apprise": {"url": ["json://localhost"]},
    "function": {},
}
TEXTS = [
    *("", "x", "/etc/x.pem", "a@b.example", "a@b.example,c@d.example", "https://x.example/", "X-A: b", "15m", "90"),
    *("410,404", "readable", "report", "template", "cloudevents", "text", "markdown", "generate", "yes"),
    *("2026-01-31T12:00:00Z", "{{ event_type }}", "text/plain", "mailto:a@b.example", "amq.topic", "json://localhost"),
]
OTHERS = [True, None, 0, 1, 5, 1.5, 10**9, {"$env": "A"}, {"$file": "/a"}, {"a": "b"}, [{"$env": "A"}, "X: y"]]
VALUES = st.sampled_from(TEXTS) | st.lists(st.sampled_from([*TEXTS, 410, 200]), max_size=3) | st.sampled_from(OTHERS)
KEYS = [(type_id, key) for type_id, each in NOTIFIERS.items() for key in json_schema(each)["properties"]]


def test_the_notifiers_of_the_table_are_there():
    assert {"email", "http", "amqp"} <= set(NOTIFIERS)


@pytest.mark.parametrize("type_id", NOTIFIERS)
@given(data=st.data())
def test_what_is_stored_fits(type_id, data):
    notifier = NOTIFIERS[type_id]
    described = json_schema(notifier, references=True)
    Draft202012Validator.check_schema(described)
    keys = st.sampled_from(sorted(described["properties"]))
    config = {**KNOWN.get(type_id, {}), **data.draw(st.dictionaries(keys, VALUES, max_size=3))}
    try:
        stored, _ = validate(notifier, config)
    except InvalidConfig:
        return
    Draft202012Validator(described).validate(stored)


@pytest.mark.parametrize(("type_id", "key"), KEYS)
def test_an_object_in_the_place_of_each_value_is_refused_by_both(type_id, key):
    notifier = NOTIFIERS[type_id]
    config = {**KNOWN.get(type_id, {}), key: {"a": "b"}}
    assert not Draft202012Validator(json_schema(notifier)).is_valid(config)
    with pytest.raises(InvalidConfig):
        validate(notifier, config)


@pytest.mark.parametrize("type_id", NOTIFIERS)
def test_an_unknown_key_is_refused_by_both(type_id):
    config = {**KNOWN.get(type_id, {}), "no_such_key": 1}
    assert not Draft202012Validator(json_schema(NOTIFIERS[type_id])).is_valid(config)
    with pytest.raises(InvalidConfig):
        validate(NOTIFIERS[type_id], config)
