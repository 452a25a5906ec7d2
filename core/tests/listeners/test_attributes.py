"""The table of a listener's attributes: what is made from it agrees with it."""

import dataclasses
import typing
from datetime import UTC, datetime

import pytest

from pulp_events import InvalidConfig, Listener
from pulp_events.listeners.attributes import attribute, attributes_of
from pulp_events.listeners.document import from_document, to_document
from pulp_events.listeners.kinds import DURATIONS, EXPRESSION, FLAG, MOMENT, TEXT, TEXTS, Number
from pulp_events.listeners.listener import ATTRIBUTES, OPTIONS, Options
from pulp_events.testing.listener_store_contract import new_listener, not_defaults

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OTHER = not_defaults()


def test_each_field_of_a_record_that_has_a_default_is_an_attribute_and_no_other():
    defaults = {each.name: each.default for each in dataclasses.fields(Listener)
                if each.default is not dataclasses.MISSING}  # fmt: skip
    assert {name: each.default for name, each in ATTRIBUTES.items()} == defaults
    assert OTHER.keys() == ATTRIBUTES.keys()
    assert all(OTHER[name] != default for name, default in defaults.items())


def test_the_types_of_the_keyword_arguments_name_what_the_table_has_options_for():
    types = typing.get_type_hints(Options)
    assert list(types) == list(OPTIONS)
    assert all(type(None) in typing.get_args(found) for found in types.values()), "None is the default"


def test_what_files_have_can_be_applied():
    """`apply` makes listeners what a file says by `update`, by `enable` and `disable`, and by `entrust`."""
    assert {name for name, each in ATTRIBUTES.items() if each.in_file} - OPTIONS.keys() == {"enabled", "author"}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_record_says_an_attribute_only_where_it_is_not_the_default(name):
    plain, other = new_listener(), new_listener(**{name: OTHER[name]})
    assert name not in to_document(plain) and name in to_document(other)
    assert from_document(to_document(other)) == other
    assert getattr(from_document(to_document(plain)), name) == ATTRIBUTES[name].default


@pytest.mark.parametrize("name", OPTIONS)
def test_what_has_an_option_is_taken_by_create_update_and_together(bus, name):
    value = OTHER[name]
    made = bus.listeners.create("room", {"room": "x"}, ["*"], **{name: value})
    assert getattr(bus.listeners.get(made.id), name) == value
    assert getattr(bus.listeners.update(made.id, **{name: None}), name) == ATTRIBUTES[name].default
    values = [value] * 2 if name != "name" else [value, f"not-{value}"]
    with bus.listeners.together() as several:
        several.update(made.id, **{name: values[0]})
        other = several.create("room", {"room": "y"}, ["*"], **{name: values[1]})
    assert [getattr(bus.listeners.get(each.id), name) for each in (made, other)] == values
    bus.listeners.update(made.id, {"room": "z"})
    assert getattr(bus.listeners.get(made.id), name) == value, "what is not named stays"


@pytest.mark.parametrize("name", [*sorted(ATTRIBUTES.keys() - OPTIONS.keys() - {"enabled", "author"}), "lane"])
def test_what_has_no_option_is_no_argument(bus, file, name):
    listeners = bus.listeners
    for call in (
        lambda: listeners.create("room", {"room": "x"}, ["*"], **{name: 1}),
        lambda: listeners.update("0" * 24, **{name: 1}),
        lambda: listeners.check(["*"], **{name: 1}),
        lambda: listeners.together().create("room", {"room": "x"}, ["*"], **{name: 1}),
        lambda: listeners.together().update("0" * 24, **{name: 1}),
    ):
        with pytest.raises(TypeError, match=rf"'{name}' .*there are {', '.join(OPTIONS)}"):
            call()
    assert not file.exists()


@pytest.mark.parametrize(
    ("kind", "wrong", "text"),
    [
        (TEXT, 5, "it is 5; it must be text"),
        (TEXT, "", "it is ''; it must be text"),
        (TEXT, None, "it is missing; it must be text"),
        (TEXTS, ["a", 5], "must be a list of texts"),
        (FLAG, 1, "it is 1, which is neither true nor false"),
        (Number(3), 4, "it is 4; give a number from 1 to 3"),
        (Number(3), True, "it is True; give a number from 1 to 3"),
        (DURATIONS, "5s", "give a list of seconds"),
        (DURATIONS, [5, 0], "it has 0; each step is a number of seconds above 0"),
        (MOMENT, "soon", "must be a time such as 2026-01-02T03:04:05Z"),
        (MOMENT, "2026-01-02", "it has no time zone"),
        (EXPRESSION, 5, "it is 5; it must be text"),
    ],
)
def test_each_kind_says_what_is_wrong_with_a_value(kind, wrong, text):
    with pytest.raises(ValueError, match="^it ") as refused:
        kind.load("it", wrong)
    assert text in str(refused.value)
    with pytest.raises(InvalidConfig):
        kind.given("it", wrong)


@pytest.mark.parametrize(
    ("kind", "value", "in_json"),
    [(TEXT, "ü", "ü"), (TEXTS, ("a", "b"), ["a", "b"]), (FLAG, False, False), (Number(3), 3, 3),
     (DURATIONS, (1.5, 60), [1.5, 60]), (MOMENT, NOW, "2026-01-02T03:04:05Z")],
)  # fmt: skip
def test_each_kind_is_read_as_it_was_written(kind, value, in_json):
    assert kind.dump(value) == in_json and kind.load("it", in_json) == value


def test_the_table_is_read_from_the_fields_in_their_order():
    @dataclasses.dataclass(frozen=True)
    class Record:
        plain: int
        loud: bool = attribute(FLAG, "whether it is loud", default=False)
        name: str | None = attribute(TEXT, "what it is called")

    found = attributes_of(Record)
    assert list(found) == ["loud", "name"] and Record(1) == Record(1, False, None)
    assert (found["loud"].default, found["loud"].option, found["name"].in_file) == (False, None, None)
