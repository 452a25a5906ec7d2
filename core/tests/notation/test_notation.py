"""Values as text: what is written is read as the same, whatever it is; a text is JSON only where it must be."""

from __future__ import annotations

import enum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields, validate

from pulp_events.fields import Size, Words
from pulp_events.notation.reading import NotUnderstood, read, typed
from pulp_events.notation.samples import sample, samples
from pulp_events.notation.writing import choices, default_text, write


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Inner(Schema):
    name = fields.String(required=True)
    inner = fields.Nested(lambda: Inner())


TEXTS = st.text()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=2) | st.dictionaries(st.text(max_size=3), each, max_size=2),
    max_leaves=4,
)


@given(st.lists(TEXTS, min_size=1))
def test_each_list_of_texts_can_be_written(values):
    field = fields.List(fields.String())
    assert read(field, write(field, values)) == values


@given(st.lists(TEXTS))
def test_each_list_of_secrets_can_be_written_commas_and_brackets_and_all(values):
    field = fields.List(fields.String(metadata={"secret": True}))
    assert read(field, write(field, values)) == values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a,b", ["a,b"]),
        ('["a,b", "c"]', ["a,b", "c"]),
        ("[::1]:80,b", ["[::1]:80,b"]),
        ("[", NotUnderstood),
        ('["a"', NotUnderstood),
    ],
)
def test_the_text_of_a_list_of_secrets_is_one_of_them_or_an_array(text, value):
    field = fields.List(fields.String(metadata={"secret": True}))
    if value is NotUnderstood:
        with pytest.raises(NotUnderstood, match="is not a JSON array"):
            read(field, [text])
    else:
        assert read(field, [text]) == value


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (["1,zwei"], ["1", "zwei"]),
        (["1", "zwei,drei"], ["1", "zwei,drei"]),
        (['["1", "zwei,drei"]'], ["1", "zwei,drei"]),
        (["1,zwei,drei"], ["1,zwei,drei"]),
    ],
)
def test_a_tuple_of_secrets_is_split_where_that_makes_as_many_as_it_has(texts, value):
    field = fields.Tuple([fields.String(metadata={"secret": True}), fields.String()])
    assert read(field, texts) == value


@given(st.dictionaries(TEXTS, TEXTS))
def test_each_mapping_can_be_written(values):
    field = fields.Dict(fields.String(), fields.String())
    assert read(field, write(field, values)) == values


@given(st.dictionaries(TEXTS, st.lists(TEXTS, min_size=1)))
def test_each_mapping_of_lists_can_be_written(values):
    field = fields.Dict(values=fields.List(fields.String()))
    assert read(field, write(field, values)) == values


@given(st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=3), max_size=3))
def test_each_list_of_objects_can_be_written(values):
    field = fields.List(fields.Nested(Inner))
    assert read(field, write(field, values)) == values


@given(st.lists(st.integers() | st.text(), min_size=1))
def test_numbers_in_a_list_of_anything_stay_numbers(values):
    field = fields.List(fields.Raw())
    assert read(field, write(field, values)) == values


@given(TEXTS)
def test_a_text_that_is_accepted_is_never_taken_for_json(text):
    assert typed(fields.String(), text) == typed(fields.Raw(), text) == text


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (fields.Integer(strict=True), "5", 5),
        (fields.Integer(strict=True), "5.5", "5.5"),
        (fields.Integer(), "5", "5"),
        (fields.Enum(Level, by_value=True), "2", 2),
        (fields.Raw(validate=validate.OneOf([1, True])), "true", True),
        (fields.Raw(validate=validate.OneOf(["a"])), '"a"', '"a"'),
        (fields.Integer(strict=True, allow_none=True), "null", "null"),
        (fields.Raw(validate=validate.ContainsOnly([1, 2])), "[1, 2]", [1, 2]),
    ],
)
def test_a_text_is_json_where_only_that_is_accepted(field, text, value):
    assert typed(field, text) == value and type(typed(field, text)) is type(value)


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        (fields.Dict(), ["a"]),
        (fields.Dict(), ["=a"]),
        (fields.Dict(), ["{", "b=c"]),
        (fields.Nested(Inner), ["a"]),
        (fields.List(fields.Nested(Inner)), ["{}", "a,b"]),
        (fields.List(fields.Dict()), ["[" * 100_000]),
    ],
)
def test_what_stands_for_no_value_is_refused(field, texts):
    with pytest.raises(NotUnderstood):
        read(field, texts)


def test_choices_and_defaults_are_as_one_writes_them():
    assert choices(fields.Enum(Level)) == ["LOW", "HIGH"]
    assert choices(fields.List(fields.Enum(Level, by_value=True))) == ["1", "2"]
    assert choices(fields.Enum(Level, validate=validate.OneOf([Level.HIGH]))) == ["HIGH"]
    assert choices(fields.Enum(Level, validate=validate.Range(min=2))) == ["HIGH"] and choices(fields.Raw()) == []
    assert default_text(fields.Enum(Level, load_default=Level.HIGH)) == "HIGH"
    assert default_text(fields.Dict(load_default={"a": 1})) == "a=1"
    assert default_text(fields.List(fields.Integer(), load_default=[1, 2])) == "1, 2"
    assert default_text(Size(load_default=1536)) == "1.5 KiB" and default_text(Size(load_default=1500)) == "1500"
    assert default_text(fields.String(load_default="x", metadata={"secret": True})) == ""
    assert default_text(fields.String(load_default=lambda: "x")) == ""


def test_samples_are_accepted_and_what_the_author_named_comes_first():
    class Tried(Schema):
        named = fields.String(validate=validate.Regexp("^#"), metadata={"example": "#lobby"})
        several = Words(fields.String(), metadata={"example": "a,b"})
        bounded = fields.Integer(validate=validate.Range(70, 90))
        long = fields.String(validate=validate.Length(min=10))
        unknown = fields.String(validate=validate.Equal("nobody guesses this"))
        within = fields.Nested(Inner)
        secret = fields.String(load_default="hidden", metadata={"secret": True})

    made = Tried().fields
    assert sample(made["named"]) == "#lobby" and sample(made["several"]) == ["a", "b"]
    assert sample(made["bounded"]) == 70 and "hidden" not in list(samples(made["secret"]))
    assert list(samples(made["unknown"])) == [] and sample(made["within"])["inner"]["name"] == "text"
    assert len(sample(made["long"])) >= 10
    for field in made.values():
        for value in samples(field):
            field.deserialize(value)
