"""Configurations as JSON Schema: what a marshmallow Schema loads fits, and simple mistakes do not."""

import json
import sys
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from marshmallow import INCLUDE, Schema, ValidationError, fields, validate

from pulp_events import json_schema
from pulp_events.fields import Duration, Size, Words
from pulp_events.schemas.fault import UnusableSchema


class Colour(Enum):
    red = 1
    blue = 2


class Room(Schema):
    name = fields.String(required=True, metadata={"help": "its name"})
    key = fields.String(metadata={"secret": True})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.floats(-9, 99) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
URLS = st.sampled_from(["https://x.example/a", "http://a.example:80", "nonsense", ""])
KINDS = {
    "text": (lambda: fields.String(validate=validate.Length(1, 4)), st.text(max_size=6)),
    "exact": (lambda: fields.String(validate=validate.Length(equal=2)), st.text(max_size=3)),
    "flags": (
        lambda: fields.String(validate=validate.Regexp(r"ab|[c-d]+\Z")),
        st.sampled_from(["ab", "abx", "cd", "xab", "x"]),
    ),
    "verbose": (lambda: fields.String(validate=validate.Regexp("(?i)ab")), st.sampled_from(["AB", "x"])),
    "choice": (lambda: fields.String(validate=validate.OneOf(["a", "b"])), st.sampled_from("abc")),
    "number": (
        lambda: fields.Float(validate=validate.Range(0, 10, max_inclusive=False)),
        st.floats(-1, 11) | st.integers(-1, 11),
    ),
    "whole": (lambda: fields.Integer(strict=True, validate=validate.Range(min=3)), st.integers(0, 9)),
    "exactly": (lambda: fields.Decimal(), st.sampled_from([1, 1.5, "2.25", "x"])),
    "yes": (lambda: fields.Boolean(), st.booleans()),
    "wait": (
        lambda: Duration(minimum=1.0, validate=validate.Range(max=60)),
        st.sampled_from(["5s", " 90 ", "1m", "0.5s", "2h", "1h 30m", "soon"]) | st.floats(0, 99) | st.integers(0, 99),
    ),
    "size": (lambda: Size(), st.sampled_from(["5", "1.5 GiB", "2k", "12B", "large"]) | st.integers(0, 9999)),
    "words": (lambda: Words(fields.String(), validate=validate.Length(max=2)), st.lists(st.text(max_size=2))),
    "numbers": (lambda: fields.List(fields.Integer(validate=validate.Range(1, 5))), st.lists(st.integers(0, 6))),
    "map": (
        lambda: fields.Dict(fields.String(), fields.Integer()),
        st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    ),
    "room": (lambda: fields.Nested(Room), st.sampled_from([{"name": "a"}, {"key": "x"}, {"name": "a", "more": 1}])),
    "rooms": (lambda: fields.Nested(Room, many=True), st.lists(st.just({"name": "a"}), max_size=2)),
    "pair": (
        lambda: fields.Tuple((fields.String(), fields.Integer())),
        st.sampled_from([["a", 1], ["a"], ["a", 1, 2]]),
    ),
    "mail": (lambda: fields.Email(), st.sampled_from(["a@b.example", "a"])),
    "url": (lambda: fields.Url(), URLS),
    "ip": (lambda: fields.IP(), st.sampled_from(["10.0.0.1", "::1", "x"])),
    "moment": (lambda: fields.AwareDateTime(), st.sampled_from(["2026-01-31T12:00:00Z", "2026-01-31T12:00:00", "x"])),
    "colour": (lambda: fields.Enum(Colour), st.sampled_from(["red", "blue", "green"])),
    "fixed": (lambda: fields.Constant(3), st.just(3)),
    "raw": (lambda: fields.Raw(), JSON),
}


def made(**found):
    return Schema.from_dict(found)


@st.composite
def schema_and_value(draw):
    names = draw(st.lists(st.sampled_from(sorted(KINDS)), unique=True, min_size=1, max_size=4))
    found, values = {}, {}
    for name in names:
        field = KINDS[name][0]()
        field.required = name != "fixed" and draw(st.booleans())
        field.allow_none = draw(st.booleans())
        found[name] = field
        if draw(st.integers(0, 4)):
            values[name] = draw(KINDS[name][1] if draw(st.integers(0, 4)) else st.none())
    return made(**found), values


def fits(schema, value):
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(value)


@given(schema_and_value())
def test_what_the_schema_loads_fits(found):
    schema, value = found
    described = json_schema(schema)
    json.dumps(described, allow_nan=False)
    try:
        schema().load(value)
    except ValidationError:
        assert fits(described, {}) is not bool(schema().validate({}))
        return
    assert fits(described, value), (described, value)


WRONG = {"string": 5, "number": "x", "integer": "x", "boolean": "maybe", "array": {"a": 1}, "object": ["a"]}


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"raw", "fixed", "exactly", "wait", "size"}))
def test_a_value_of_another_type_does_not_fit_and_is_not_loaded(name):
    schema = made(**{name: KINDS[name][0]()})
    described = json_schema(schema)
    wrong = {name: WRONG[described["properties"][name]["type"]]}
    assert schema().validate(wrong)
    assert not fits(described, wrong)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("text", ""), ("text", "12345"), ("exact", "1"), ("choice", "c"), ("number", 10), ("number", -1), ("whole", 2),
        ("whole", 3.5), ("wait", "soon"), ("wait", 0.5), ("wait", 61), ("wait", True), ("wait", []), ("size", "large"),
        ("size", -1), ("words", ["1", "2", "3"]), ("numbers", [0]), ("numbers", ["x"]), ("map", {"a": "x"}),
        ("room", {}), ("room", {"name": "a", "more": 1}), ("rooms", [1]), ("pair", ["a"]), ("pair", [1, 1]),
        ("colour", "green"), ("flags", "xab"), ("exactly", []),
    ],
)  # fmt: skip
def test_a_value_beyond_what_is_allowed_does_not_fit_and_is_not_loaded(name, wrong):
    schema = made(**{name: KINDS[name][0]()})
    assert schema().validate({name: wrong})
    assert not fits(json_schema(schema), {name: wrong})


def test_an_unknown_key_fits_as_the_schema_says():
    assert not fits(json_schema(made(a=fields.String())), {"b": 1})
    within = made(a=fields.String())(unknown=INCLUDE)
    assert fits(json_schema(within), {"b": 1})


class Described(Schema):
    """What metadata becomes."""

    plain = fields.String(load_default="x", metadata={"help": "its help", "example": "e", "group": "More"})
    wait = Duration(load_default=90.0, metadata={"help": "how long", "example": "15m"})
    to = Words(fields.Email(), required=True, metadata={"example": "a@b.example,c@d.example"})
    path = fields.String(data_key="key-file", metadata={"local": True})
    file = fields.String(metadata={"names_file": True})
    folder = fields.String(metadata={"template": "files"})
    no_path = fields.String(metadata={"local": False})
    password = fields.String(load_default="unset", metadata={"secret": True, "help": "pass", "example": "hunter2"})
    tokens = fields.List(fields.String(metadata={"secret": True}))
    room = fields.Nested(Room)
    shown = fields.String(dump_only=True)
    own = fields.Field(metadata={"type": "string", "pattern": "^a", "x-widget": "colour", "required": True})
    odd = fields.Raw(load_default=object())


def test_what_the_metadata_says_is_in_the_schema():
    described = json_schema(Described)
    found = described["properties"]
    assert found["plain"] == {
        "type": "string", "default": "x", "description": "its help", "x-group": "More", "examples": ["e"],
    }  # fmt: skip
    assert found["wait"]["default"] == "1m 30s" and found["wait"]["examples"] == ["15m"]
    assert found["to"]["examples"] == [["a@b.example", "c@d.example"]]
    assert found["to"]["items"] == {"type": "string", "format": "email"}
    assert [key for key in found if found[key].get("x-local")] == ["key-file", "file", "folder"]
    assert found["own"] == {"type": "string", "pattern": "^a", "x-widget": "colour"}
    assert described["required"] == ["to"]
    assert "shown" not in found and "default" not in found["odd"]
    json.dumps(described)


def test_secrets_are_write_only_wherever_they_stand_and_their_values_are_not_told():
    found = json_schema(Described)["properties"]
    assert [key for key in found if found[key].get("writeOnly")] == ["password", "tokens"]
    assert found["room"]["properties"]["key"]["writeOnly"] is True
    assert found["password"] == {"type": "string", "writeOnly": True, "description": "pass"}


@pytest.mark.parametrize("reference", [{"$env": "A"}, {"$file": "/a"}], ids=["environment", "file"])
def test_a_secret_may_be_a_reference_where_that_is_wanted(reference):
    plain, trusted = json_schema(Described), json_schema(Described, references=True)
    for value in (
        {"password": reference},
        {"tokens": reference},
        {"tokens": ["x", reference]},
        {"room": {"name": "a", "key": reference}},
    ):
        assert not fits(plain, {"to": [], **value})
        assert fits(trusted, {"to": [], **value})
    for value in (
        {"plain": reference},
        {"password": {**reference, "b": "c"}},
        {"password": {"$env": "1 X"}},
        {"room": {"name": reference}},
        {"room": reference},
    ):
        assert not fits(trusted, {"to": [], **value})
    assert trusted["properties"]["password"]["writeOnly"] is True


class Tree(Schema):
    name = fields.String()
    below = fields.List(fields.Nested(lambda: Tree()))


def test_a_schema_within_itself_is_described():
    described = json_schema(Tree)
    assert fits(described, {"name": "a", "below": [{"below": []}]})
    assert not fits(described, {"below": [{"below": [{"name": 1}]}]})


class Broken(Schema):
    name = fields.Nested("NoSuchSchema")


def test_a_schema_that_cannot_be_described_is_named():
    with pytest.raises(UnusableSchema, match="the schema of Broken cannot be described: .*NoSuchSchema"):
        json_schema(Broken)


def test_without_apispec_the_error_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name == "pulp_events.listeners.config_converter"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "pulp_events.schemas.marshmallow_schema", raising=False)
    monkeypatch.setitem(sys.modules, "apispec", None)
    with pytest.raises(ImportError, match=r"pip install 'pulp-events\[schemas\]'"):
        json_schema(Described)
