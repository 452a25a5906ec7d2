"""JSON Schemas with more than plain keywords: broken ones are found before an event comes, and none takes for ever."""

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import EventType
from pulp_events.schemas import bounded
from pulp_events.schemas.checks import check_of
from pulp_events.schemas.fault import UnusableSchema
from pulp_events.schemas.json_schema import payload_schema


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"properties": {"a": {"pattern": "("}}}, "it is not a JSON Schema: '(' is not a 'regex', at $.properties.a"),
        ({"patternProperties": {"[": {}}}, "it is not a JSON Schema: '[' is not a 'regex'"),
        ({"properties": {"a": {"items": {"anyOf": [{"pattern": "*"}]}}}}, "at $.properties.a.items.anyOf[0].pattern"),
        ({"properties": {"a": {"pattern": 5}}}, "it is not a JSON Schema: 5 is not of type 'string'"),
        (
            {"$ref": "http://other.example/x.json"},
            "$ref 'http://other.example/x.json' leads nowhere, at $; nothing out",
        ),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "$ref '#/$defs/b' leads nowhere, at $.properties.a"),
        ({"properties": {"a": {"$ref": "#b"}}}, "$ref '#b' leads nowhere"),
        ({"description": "d", "$defs": {"a": {"$ref": "#/description"}}}, "'#/description' does not lead to a schema"),
        ({"x": {"y": {"pattern": "("}}, "items": {"$ref": "#/x/y"}}, "'(' is not a regular expression"),
        ({"$ref": "#"}, "its reference at $ leads back to itself, without end"),
        ({"properties": {"a": {"allOf": [{"$ref": "#/properties/a"}]}}}, "at $.properties.a leads back to itself"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"not": {"$ref": "#/$defs/a"}}}}, "leads back to itself"),
    ],
)
def test_a_broken_schema_is_found_without_a_payload(schema, text):
    with pytest.raises(UnusableSchema) as refused:
        check_of(schema)
    assert text in str(refused.value)
    with pytest.raises(UnusableSchema, match="the schema of a cannot be used") as refused:
        payload_schema(EventType("a", "d", schema=schema))
    assert text in str(refused.value)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}}}}},
        {"$ref": "#n", "$defs": {"n": {"$anchor": "n", "properties": {"next": {"$ref": "#n"}}}}},
        {"$ref": "urn:n", "$defs": {"n": {"$id": "urn:n", "$ref": "#/$defs/m", "$defs": {"m": {"minProperties": 0}}}}},
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        {"properties": {"$ref": {"type": "string"}, "pattern": {"minLength": 1}}},
        {"const": {"$ref": "#/nowhere", "pattern": "("}, "default": {"$ref": 5}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"n": {}}, "$ref": "#/definitions/n"},
        {"$schema": "http://json-schema.org/draft-04/schema#", "minLength": 1, "dependencies": {"a": ["b"]}},
        {"allOf": [{"items": True}, {"not": False}], "dependentSchemas": {"a": {"minLength": 1}}},
    ],
)
def test_a_sound_schema_is_not_doubted(schema):
    assert isinstance(check_of(schema)({"x": 1}), list)


def test_a_pattern_that_takes_for_ever_is_a_fault_after_a_while(monkeypatch):
    monkeypatch.setattr(bounded, "SECONDS", 0.02)
    evil, text = "^(a|aa)+$", "a" * 80 + "!"
    for schema, payload in (
        ({"properties": {"a": {"pattern": evil}}}, {"a": text}),
        ({"patternProperties": {evil: {}}}, {text: 1}),
        ({"additionalProperties": False, "patternProperties": {evil: {}}}, {text: 1}),
        ({"properties": {"a": {"items": {"pattern": evil}}}}, {"a": [text] * 1000}),
    ):
        (fault,) = check_of(schema)(payload)
        assert fault.path == "payload" and text not in fault.text
        assert fault.text.startswith("takes more than 0.02 s to compare with the pattern")


@pytest.mark.slow
def test_schemas_that_refer_to_themselves_twice_have_a_limit():
    schema = {"properties": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}, "required": ["a"]}
    payload: dict = {}
    for _ in range(40):
        payload = {"a": payload}
    assert "takes more than 20000 references to check" in [fault.text for fault in check_of(schema)(payload)]


@pytest.mark.slow
def test_many_items_are_told_apart_in_one_pass():
    check = check_of({"properties": {"a": {"uniqueItems": True}}})
    items = [{"id": number, "of": {"list": [number, str(number)]}} for number in range(10_000)]
    assert check({"a": items}) == []
    assert [fault.text for fault in check({"a": [*items, items[5000]]})] == ["has non-unique elements"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, -0.0, 2.5, "", "1", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
RULES = st.sampled_from(
    [
        {"uniqueItems": True},
        {"uniqueItems": False},
        {"pattern": "^a"},
        {"patternProperties": {"^a": {"type": "string"}}},
        {"patternProperties": {"a": {}}, "additionalProperties": False},
        {"patternProperties": {"a": {}}, "properties": {"b": {}}, "additionalProperties": False},
        {"patternProperties": {"a": {}}, "additionalProperties": {"type": "integer"}},
        {"additionalProperties": {"type": "integer"}, "minProperties": 0},
        {"minProperties": 0, "properties": {"a": {"$ref": "#"}}},
    ]
)


@given(RULES, VALUES)
def test_the_verdicts_are_those_of_jsonschema(rule, value):
    schema = {"properties": {"x": rule, "more": {"items": rule}}}
    if "$ref" in str(rule):
        schema |= rule
    theirs = jsonschema.Draft202012Validator(schema)
    for payload in ({"x": value}, {"more": [value, value]}):
        assert (check_of(schema)(payload) == []) == theirs.is_valid(payload)
