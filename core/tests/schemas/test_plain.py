"""Schemas that core checks itself: the same verdicts as jsonschema's, for every schema that it takes on."""

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events.events.builtin import BUILTIN_EVENT_TYPES
from pulp_events.events.jsonable import to_jsonable
from pulp_events.schemas.plain import compiled

KEYS = ("a", "b", "c")
TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")


def objects(of):
    parts = {
        "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, unique=True),
        "properties": st.dictionaries(st.sampled_from(KEYS), of),
        "required": st.lists(st.sampled_from(KEYS), unique=True),
        "additionalProperties": st.booleans() | of,
        "items": of,
        "enum": st.lists(st.sampled_from(["x", "y", None]), min_size=1, unique=True),
        "description": st.just("d"),
        "format": st.just("date-time"),
    }
    return st.fixed_dictionaries({}, optional=parts)


schemas = st.recursive(st.just({}), objects, max_leaves=6)
scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, -0.0, 1e300, "x", "y", ""])
values = st.recursive(
    scalars, lambda of: st.lists(of, max_size=3) | st.dictionaries(st.sampled_from((*KEYS, "d")), of), max_leaves=8
)


@given(schemas, st.dictionaries(st.sampled_from((*KEYS, "d")), values))
def test_it_agrees_with_jsonschema(schema, payload):
    check = compiled(schema)
    assert check is not None
    fits = jsonschema.Draft202012Validator(schema).is_valid(payload)
    assert (not check(payload)) is fits
    assert (not check(to_jsonable(payload, "payload"))) is fits


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objekt"},
        {"type": []},
        {"required": "repo_id"},
        {"properties": {"a": 5}},
        {"properties": {"a": {"minimum": 1}}},
        {"$ref": "#"},
        {"enum": [1]},
        {"enum": "xy"},
        {"items": [{}]},
        {"$schema": "http://json-schema.org/draft-04/schema#"},
        {"anyOf": [{}]},
        {"patternProperties": {}},
    ],
)
def test_what_it_does_not_know_is_left_to_jsonschema(schema):
    assert compiled(schema) is None


def test_a_schema_without_end_is_left_to_jsonschema():
    schema = {}
    for _ in range(40):
        schema = {"items": schema}
    assert compiled(schema) is None


def test_every_fault_is_named_with_its_path():
    check = compiled(
        {
            "required": ["repo_id"],
            "additionalProperties": False,
            "properties": {
                "lines": {"items": {"properties": {"count": {"type": "integer"}}}},
                "state": {"enum": ["on", None]},
            },
        }
    )
    faults = check({"lines": [{"count": 1}, {"count": 1.5}], "state": "off", "more": 1})
    assert [f"{each.path} {each.text}" for each in faults] == [
        "payload.repo_id is missing",
        "payload.lines[1].count is a fraction; it must be a whole number",
        "payload.state is none of 'on', null",
        "payload.more is not a key of it",
    ]
    assert len({each.kind for each in faults}) == 4
    again = check({"lines": [{"count": 0.5}], "state": "?", "other": 1})
    assert {each.kind for each in again} == {each.kind for each in faults}


def test_the_types_that_come_with_core_are_checked_without_jsonschema():
    assert all(compiled(each.schema) is not None for each in BUILTIN_EVENT_TYPES)
