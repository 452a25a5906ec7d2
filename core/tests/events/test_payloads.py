"""What a payload may hold, how it leaves, and that everything else is refused with its path."""

import dataclasses
import enum
import json
import pickle
import re
import uuid
from copy import copy, deepcopy
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import EventTooLarge, InvalidEvent
from pulp_events.events.jsonable import MAX_DEPTH, to_jsonable
from pulp_events.events.report import serialise
from pulp_events.frozen import FrozenDict, FrozenList, thaw
from pulp_events.testing.factory import make_event

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | text
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4)
)


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Unit:
    name: str
    when: datetime


@given(value=json_values)
def test_json_values_leave_as_they_are(value):
    assert thaw(to_jsonable(value, "payload")) == value
    event = make_event(payload={"value": value})
    assert json.loads(serialise(event, 10**7)) == {
        "call_report": {}, "event_type": "repo.sync.start", "payload": {"value": value},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "leaves_as"),
    [
        (datetime(2012, 10, 19, 19, 9, 16, tzinfo=UTC), "2012-10-19T19:09:16Z"),
        (datetime(2012, 10, 19, 21, 9, 16, 5, tzinfo=timezone(timedelta(hours=2))), "2012-10-19T19:09:16.000005Z"),
        (date(2012, 10, 19), "2012-10-19"),
        (time(1, 2, 3), "01:02:03"),
        (timedelta(minutes=1, milliseconds=5), 60.005),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (b"\x00\xff", "AP8="),
        (bytearray(b"ab"), "YWI="),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({1, "a"}, [1, "a"]),
        ((1, (2,)), [1, [2]]),
        (Decimal("1.10"), "1.10"),
        (PurePosixPath("/a/b"), "/a/b"),
        (Colour.RED, "red"),
        (Unit("rpm", datetime(2020, 1, 1, tzinfo=UTC)), {"name": "rpm", "when": "2020-01-01T00:00:00Z"}),
        ({1: "a", uuid.UUID(int=1): "b", Colour.RED: "c"},
         {"1": "a", "00000000-0000-0000-0000-000000000001": "b", "red": "c"}),
        (True, True),
    ],
)  # fmt: skip
def test_other_values_leave_in_the_form_that_is_documented(value, leaves_as):
    assert thaw(to_jsonable(value, "payload")) == leaves_as


class Wrapped(enum.Enum):
    BAD = object()


class Text(str):
    pass


class NoZone(tzinfo):
    def utcoffset(self, moment):
        return None


class Unreadable:
    def __repr__(self):
        raise ZeroDivisionError


CYCLE = {}
CYCLE["self"] = [CYCLE]
DEEP = []
for _ in range(MAX_DEPTH + 1):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "path", "why"),
    [
        ({"a": [1, {"b": object()}]}, "payload.a[1].b", "of type builtins.object"),
        ({"a": float("nan")}, "payload.a", "nan"),
        ({"a": [float("-inf")]}, "payload.a[0]", "-inf"),
        ({"a": Decimal("NaN")}, "payload.a", "NaN"),
        ({"a": datetime(2020, 1, 1)}, "payload.a", "without a time zone"),
        ({"a": "\ud800"}, "payload.a", "not valid Unicode"),
        ({"a": {"\udfff": 1}}, "a key of payload.a", "not valid Unicode"),
        ({"a": {None: 1}}, "payload.a", "keys must be text"),
        ({"a": {True: 1}}, "payload.a", "keys must be text"),
        ({"a": {1: 1, "1": 2}}, "payload.a", "twice"),
        ({"a": 1 << 5000}, "payload.a", "bits"),
        ({"a": Unit("x", object())}, "payload.a.when", "of type"),
        ({"a": Unit}, "payload.a", "of type"),
        ({"a": CYCLE}, "payload.a.self[0]", "contains itself"),
        ({"a": lambda: 1}, "payload.a", "of type"),
        ({"a": datetime(2020, 1, 1, tzinfo=NoZone())}, "payload.a", "without a time zone"),
        ({"a": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))}, "payload.a", "not a date in UTC"),
        ({"a": Decimal("-Infinity")}, "payload.a", "-Infinity"),
        ({"a": {1.5: 1}}, "payload.a", "keys must be text"),
        ({"a": {("x",): 1}}, "payload.a", "keys must be text"),
        ({"a": {Unreadable(): 1}}, "payload.a", "<Unreadable>"),
        ({"a": {Unreadable()}}, "payload.a{<Unreadable>}", "of type"),
        ({"a\nb\t": object()}, "payload.a\\nb\\t", "of type"),
        ({"a": {Colour.RED: 1, "red": 2}}, "payload.a", "twice"),
        ({"a": (x for x in "ab")}, "payload.a", "builtins.generator"),
        ({"a": range(3)}, "payload.a", "builtins.range"),
        ({"a": 1j}, "payload.a", "builtins.complex"),
        ({"a": Wrapped.BAD}, "payload.a", "of type"),
        ({"a": Text("\ud800")}, "payload.a", "not valid Unicode"),
    ],
)
def test_what_json_cannot_carry_is_refused_with_its_path(value, path, why):
    with pytest.raises(InvalidEvent) as refused:
        to_jsonable(value, "payload")
    assert str(refused.value).startswith(path) and why in str(refused.value)
    assert "\n" not in str(refused.value)


leaves = scalars | st.one_of(
    st.datetimes(timezones=st.none() | st.timezones()), st.dates(), st.times(), st.timedeltas(), st.uuids(),
    st.binary(max_size=5), st.decimals(), st.floats(), st.complex_numbers(), st.text(max_size=5),
    st.sampled_from([Colour.RED, object(), memoryview(b"abcd")[::2], 1 << 5000, range(2)]),
)  # fmt: skip
keys = st.text(max_size=3) | st.integers() | st.booleans() | st.none() | st.just(Colour.RED)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3) | st.tuples(inner, inner)
    | st.builds(Unit, inner, inner),
)  # fmt: skip


@given(value=anything | st.sets(st.integers() | st.text(max_size=3) | st.dates() | st.none()))
def test_whatever_is_in_a_payload_it_leaves_as_json_or_is_refused_in_one_line_with_a_path(value):
    try:
        converted = to_jsonable({"v": value}, "payload")
    except InvalidEvent as error:
        assert re.match(r"(a key of )?payload\.v", str(error)) and str(error).isprintable()
    else:
        assert json.loads(json.dumps(converted, allow_nan=False, ensure_ascii=False).encode()) == converted
        assert thaw(to_jsonable(converted, "payload")) == converted, "what left once leaves again as it is"


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH])
def test_the_deepest_payload_that_is_carried_has_64_levels(levels):
    value = []
    for _ in range(levels - 1):
        value = [value]
    if levels < MAX_DEPTH:
        assert to_jsonable({"deep": value}, "payload")
    else:
        with pytest.raises(InvalidEvent, match=r"^payload\.deep(\[0\]){63} is nested deeper than 64 levels"):
            to_jsonable({"deep": value}, "payload")


def test_nesting_has_an_end():
    with pytest.raises(InvalidEvent, match="nested deeper"):
        to_jsonable({"deep": DEEP}, "payload")


def test_the_same_value_in_two_places_is_no_cycle():
    shared = {"a": 1}
    assert thaw(to_jsonable({"x": shared, "y": [shared]}, "payload")) == {"x": {"a": 1}, "y": [{"a": 1}]}


def test_a_report_at_the_limit_passes_and_one_byte_more_does_not():
    event = make_event(payload={"x": "ü"})
    size = len(serialise(event, 10_000))
    assert serialise(event, size)
    with pytest.raises(EventTooLarge, match=f"{size} bytes.*max_event_bytes = {size - 1}"):
        serialise(event, size - 1)


def test_an_event_cannot_be_changed():
    event = make_event(payload={"a": {"b": [1]}})
    for change in (
        lambda: event.payload.update(x=1),
        lambda: event.payload["a"].__setitem__("b", 2),
        lambda: event.payload["a"]["b"].append(2),
        lambda: event.payload.pop("a"),
        lambda: event.payload["a"]["b"].sort(),
    ):
        with pytest.raises(TypeError, match="immutable"):
            change()
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.event_type = "other"


@given(value=json_values)
def test_frozen_values_are_equal_to_what_they_were_and_survive_copies(value):
    frozen = to_jsonable({"v": value}, "payload")
    assert frozen == {"v": value}
    assert pickle.loads(pickle.dumps(frozen)) == frozen
    assert deepcopy(frozen) == frozen == copy(frozen)
    assert json.loads(json.dumps(frozen)) == {"v": value}
    assert isinstance(frozen, FrozenDict) and hash(frozen) == hash(deepcopy(frozen))


def test_thawing_gives_a_copy_of_ones_own():
    frozen = FrozenDict({"a": FrozenList([1])})
    mine = thaw(frozen)
    mine["a"].append(2)
    assert frozen == {"a": [1]} and mine == {"a": [1, 2]}
