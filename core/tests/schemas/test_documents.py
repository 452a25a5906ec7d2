"""What is made of event types: JSON Schema, AsyncAPI, fields and examples; each held to somebody else's rules."""

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from marshmallow import Schema, fields, validate

from pulp_events import EventType
from pulp_events.events.builtin import BUILTIN_EVENT_TYPES
from pulp_events.events.jsonable import to_jsonable
from pulp_events.schemas.asyncapi import DRAFT_2020_12, document
from pulp_events.schemas.checks import check_of
from pulp_events.schemas.example import example_of
from pulp_events.schemas.fault import UnusableSchema
from pulp_events.schemas.json_schema import moved, payload_schema, report_schema
from pulp_events.schemas.payload_fields import MOST, fields_of

ASYNCAPI = json.loads((Path(__file__).parent / "asyncapi/3.0.0.json").read_text("utf-8"))
"""As the AsyncAPI Initiative publishes it, see the README beside it."""


class Line(Schema):
    count = fields.Integer(required=True, validate=validate.Range(min=1), metadata={"help": "how many"})


class Order(Schema):
    number = fields.Integer(required=True, metadata={"description": "its number"})
    state = fields.String(validate=validate.OneOf(["new", "paid"]), allow_none=True)
    placed = fields.AwareDateTime(data_key="placed-at")
    lines = fields.List(fields.Nested(Line), metadata={"help": "what was ordered"})


MARSHMALLOW = EventType("order.placed", "Somebody ordered.", schema=Order, version="2")
LATER = EventType(
    "order.tree",
    "A tree.",
    schema={
        "$defs": {"node": {"type": "object", "required": ["name"], "properties": {"next": {"$ref": "#/$defs/node"}}}},
        "$ref": "#/$defs/node",
    },
)
DRAFT_7 = EventType(
    "order.list",
    "A list.",
    schema={
        "type": "object",
        "definitions": {"item": {"type": "integer"}},
        "properties": {"items": {"type": "array", "items": {"$ref": "#/definitions/item"}}},
    },
)
WITHOUT = EventType("order.lost", "It was lost.", {"number": "its number"})
ALL = [*BUILTIN_EVENT_TYPES, MARSHMALLOW, LATER, DRAFT_7, WITHOUT]


def report(event_type, payload):
    return {"call_report": {}, "event_type": event_type.name, "payload": payload}


@pytest.mark.parametrize("event_type", ALL, ids=lambda each: each.name)
def test_each_schema_is_one_of_draft_2020_12_with_name_and_description(event_type):
    schema = payload_schema(event_type)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (schema["title"], schema["description"]) == (event_type.name, event_type.description)


def test_a_marshmallow_schema_is_shown_as_the_json_schema_that_means_the_same():
    validator = jsonschema.Draft202012Validator(payload_schema(MARSHMALLOW))
    check = check_of(Order)
    for payload in (
        {},
        {"number": 1},
        {"number": 1, "state": "new"},
        {"number": 1, "state": "lost"},
        {"number": 1, "state": None},
        {"number": 1, "more": 1},
        {"number": 1, "lines": [{"count": 1}]},
        {"number": 1, "lines": [{"count": 0}]},
        {"number": 1, "lines": [{}]},
        {"number": 1, "placed-at": "2012-10-19T19:09:16Z"},
    ):
        assert validator.is_valid(payload) is not check(payload), payload


def test_the_schema_of_reports_holds_each_payload_to_its_type():
    schema = report_schema(ALL)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for event_type in ALL:
        assert validator.is_valid(report(event_type, example_of(event_type) or {}))
    assert validator.is_valid(report(LATER, {"name": 1, "next": {"name": 2}}))
    assert validator.is_valid(report(EventType("later.type", "d"), {}))
    for wrong in (
        report(BUILTIN_EVENT_TYPES[0], {}),
        report(LATER, {"name": 1, "next": {}}),
        report(DRAFT_7, {"items": ["x"]}),
        report(MARSHMALLOW, {"number": "x"}),
        {"event_type": "repo.sync.start", "payload": {"repo_id": "x"}},
    ):
        assert not validator.is_valid(wrong), wrong


def test_the_asyncapi_document_is_valid_by_asyncapis_own_schema():
    made = document(ALL, "Events of a shop")
    validator = jsonschema.Draft7Validator(ASYNCAPI)
    assert [each.message for each in validator.iter_errors(made)] == []
    assert set(made["channels"]) == {each.name for each in ALL}
    assert all(each["action"] == "send" for each in made["operations"].values())
    del made["channels"]["order.placed"]["messages"]["order.placed"]["$ref"]
    made["channels"]["order.placed"]["messages"]["order.placed"]["payload"] = 5
    assert not validator.is_valid(made)


def test_every_reference_in_the_documents_leads_somewhere():
    for made in (document(ALL, "x"), report_schema(ALL)):
        found = list(references(made))
        assert found
        for reference in found:
            node = made
            for key in reference.removeprefix("#/").split("/"):
                node = node[key]


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def test_a_schema_newer_than_asyncapis_own_language_says_its_format():
    messages = document(ALL, "x")["components"]["messages"]
    assert messages["order.tree"]["payload"]["schemaFormat"] == DRAFT_2020_12
    assert messages["order.list"]["payload"]["properties"]["payload"] == {"$ref": "#/components/schemas/order.list"}
    assert {name for name, each in messages.items() if "schemaFormat" in each["payload"]} == {"order.tree"}


def test_moving_a_schema_leaves_data_alone_and_finds_keys_named_like_keywords():
    schema = {
        "const": {"$ref": "#/data"},
        "properties": {"default": {"$ref": "#/x"}, "$ref": {"$ref": "#"}},
        "items": [{"$ref": "http://elsewhere.example/"}],
    }
    assert moved(schema, "#/here") == {
        "const": {"$ref": "#/data"},
        "properties": {"default": {"$ref": "#/here/x"}, "$ref": {"$ref": "#/here"}},
        "items": [{"$ref": "http://elsewhere.example/"}],
    }


def test_fields_are_listed_with_those_within_them():
    found = {each.name: each for each in fields_of(payload_schema(MARSHMALLOW))}
    assert list(found) == ["number", "state", "placed-at", "lines", "lines[].count"]
    assert [each.required for each in found.values()] == [True, False, False, False, True]
    assert [each.type for each in found.values()] == [
        "integer",
        "'new' or 'paid' or null",
        "string (date-time)",
        "array of object",
        "integer",
    ]
    assert found["lines[].count"].description == "how many"
    assert [each.name for each in fields_of(payload_schema(LATER))] == ["next"], "a schema within itself is told once"
    assert [(each.name, each.type) for each in fields_of(payload_schema(WITHOUT))] == [("number", "any")]


@pytest.mark.parametrize("event_type", [*BUILTIN_EVENT_TYPES, MARSHMALLOW, DRAFT_7], ids=lambda each: each.name)
def test_an_example_fits_and_has_every_field(event_type):
    example = example_of(event_type)
    assert check_of(event_type.schema)(example) in ([], ())
    assert set(example) == {each.name for each in fields_of(payload_schema(event_type)) if "[" not in each.name}


def test_there_is_no_example_where_none_is_found():
    assert example_of(WITHOUT) is None
    assert (
        example_of(EventType("a", "d", schema={"properties": {"x": {"type": "string", "pattern": "^[0-9]{7}$"}}}))
        is None
    )
    assert example_of(EventType("a", "d", schema={"examples": [{"x": 1}], "properties": {"x": {}}})) == {"x": 1}


class Node(Schema):
    name = fields.String(required=True)
    children = fields.List(fields.Nested(lambda: Node()))
    above = fields.Nested(lambda: Node(), allow_none=True, metadata={"help": "what it is in"})
    leaves = fields.Nested(lambda: Leaf(), many=True)


class Leaf(Schema):
    of = fields.Nested(lambda: Node(only=("name",)))
    like = fields.Nested(lambda: Leaf())


NODE = EventType("order.node", "It refers to itself.", schema=Node)


def test_a_marshmallow_schema_that_refers_to_itself_is_shown_with_references():
    made = payload_schema(NODE)
    assert made["properties"]["children"]["items"] == {"$ref": "#"}
    assert made["properties"]["leaves"]["items"] == {"$ref": "#/$defs/Leaf"}
    assert made["$defs"]["Leaf"]["properties"]["like"] == {"$ref": "#/$defs/Leaf"}
    documents = (jsonschema.Draft202012Validator(made), jsonschema.Draft202012Validator(report_schema([*ALL, NODE])))
    for payload, fits in (
        ({"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}]}, True),
        ({"name": "a", "children": [{"name": "b", "children": [{}]}]}, False),
        ({"name": "a", "above": None, "leaves": [{"of": {"name": "x"}, "like": {"like": {}}}]}, True),
        ({"name": "a", "above": {"above": {"name": 5}}}, False),
        ({"name": "a", "leaves": [{"of": {"name": "x", "children": []}}]}, False),
        ({"name": "a", "leaves": {"like": {}}}, False),
    ):
        assert documents[0].is_valid(payload) is fits
        assert documents[1].is_valid(report(NODE, payload)) is fits
        assert bool(check_of(Node)(payload)) is not fits
    assert list(jsonschema.Draft7Validator(ASYNCAPI).iter_errors(document([*ALL, NODE], "x"))) == []
    assert [(each.name, each.type) for each in fields_of(made)] == [
        ("name", "string"),
        ("children", "array of object"),
        ("above", "object or null"),
        ("leaves", "array of object"),
        ("leaves[].of", "object"),
        ("leaves[].of.name", "string"),
        ("leaves[].like", "object"),
    ]
    assert example_of(NODE)["children"][0]["name"] == "text"


def test_schemas_that_all_hold_each_other_are_each_described_once():
    names = [f"Each{number}" for number in range(12)]
    for name in names:
        type(name, (Schema,), {other: fields.Nested(other) for other in names})
    made = payload_schema(EventType("a", "d", schema=Schema.from_dict({"x": fields.Nested(names[0])})))
    assert sorted(made["$defs"]) == sorted(names) and len(json.dumps(made)) < 20_000
    assert len(fields_of(made)) == MOST


class Prices(Schema):
    price = fields.Decimal(as_string=True, allow_none=True, validate=validate.Range(min=Decimal("1")))
    tax = fields.Decimal(validate=validate.OneOf([Decimal("1.5"), Decimal("2.5")]))
    size = fields.Integer(as_string=True, validate=validate.Range(min=1), load_default=4)


def test_numbers_that_leave_as_text_are_described_as_text():
    event_type = EventType("a", "d", schema=Prices)
    made = payload_schema(event_type)
    jsonschema.Draft202012Validator.check_schema(json.loads(json.dumps(made)))
    assert [made["properties"][key]["type"] for key in ("price", "tax", "size")] == [
        ["string", "null"],
        ["number", "string"],
        ["integer", "string"],
    ]
    validator = jsonschema.Draft202012Validator(made)
    emitted = to_jsonable({"price": Decimal("2.50"), "tax": Decimal("1.5"), "size": 4}, "payload")
    dumped = Prices(exclude=("tax",)).dump({"price": Decimal("2.50"), "size": 4})
    for payload in (emitted, dumped, {"price": None, "tax": 1.5}):
        assert not check_of(Prices)(payload) and validator.is_valid(payload), payload
    assert check_of(Prices)(example_of(event_type)) == ()


def test_a_marshmallow_schema_that_cannot_be_shown_says_why():
    class Endless(Schema):
        def on_bind_field(self, name, field):
            if name == "next":
                Endless.depth += 1

        depth = 0
        next = fields.Nested(lambda: Schema.from_dict({"x": fields.Nested(Endless(exclude=(f"a{Endless.depth}",)))}))

    class Unknown(Schema):
        next = fields.Nested("NobodyHasThis")

    class Raising(Schema):
        x = fields.Integer(validate=validate.Range(min=1))

        def __init__(self, **kwargs):
            if kwargs:
                raise ValueError("no")
            super().__init__()

    for wrong in (Endless, Unknown):
        with pytest.raises(UnusableSchema, match="a cannot be described") as refused:
            payload_schema(EventType("a", "d", schema=wrong))
        assert len(str(refused.value)) < 400 and "\n" not in str(refused.value)
    assert payload_schema(EventType("a", "d", schema=Raising))["properties"]["x"]["minimum"] == 1


def test_without_apispec_it_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.delitem(sys.modules, "pulp_events.schemas.marshmallow_schema", raising=False)
    monkeypatch.setitem(sys.modules, "apispec", None)
    with pytest.raises(UnusableSchema, match="pip install 'pulp-events"):
        payload_schema(MARSHMALLOW)
