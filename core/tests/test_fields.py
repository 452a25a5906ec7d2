"""Durations and lists in server.conf and configurations: what is written is read back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields

from pulp_events.fields import Duration, Words, format_duration, messages, parse_duration


class Spans(Schema):
    wait = Duration(minimum=1.0)
    waits = Words(Duration())
    names = Words(fields.String())


@given(milliseconds=st.integers(0, 10**12))
def test_a_duration_in_milliseconds_comes_back_exactly(milliseconds):
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-12, abs=1e-9)


@given(seconds=st.floats(0, 9e9))
def test_every_duration_can_be_written_and_read_back_to_the_millisecond(seconds):
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-9, abs=0.00051)


@given(seconds=st.floats(0, 9e9))
def test_no_part_of_a_written_duration_would_fit_the_next_unit(seconds):
    limits = {"h": 24, "m": 60, "s": 60, "ms": 1000}
    for number, unit in re.findall(r"([\d.]+)([a-z]+)", format_duration(seconds)):
        assert float(number) < limits.get(unit, float("inf"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (5, "5s"), (1800, "30m"), (5400, "1h 30m"), (432000, "5d"), (0.25, "250ms"), (1.5, "1.5s"),
     (86399.9999999, "1d"), (3600.0004, "1h"), (0.99999999, "1s"), (59.9999, "1m"), (1e-9, "0.000001ms"),
     (90061.5, "1d 1h 1m 1.5s")],
)  # fmt: skip
def test_durations_are_written_the_way_an_administrator_would(seconds, text):
    assert format_duration(seconds) == text


@given(parts=st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(["ms", "s", "m", "h", "d", "w"])), min_size=1))
def test_the_parts_of_a_duration_add_up(parts):
    seconds = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    text = " ".join(f"{number}{unit}" for number, unit in parts)
    total = sum(number * seconds[unit] for number, unit in parts)
    assert parse_duration(text) == pytest.approx(total) == parse_duration(text.replace(" ", ""))


@given(text=st.text(max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text):
    try:
        assert 0 <= parse_duration(text) < 1e10
    except ValueError:
        pass


def test_a_duration_below_the_minimum_is_told_the_minimum():
    with pytest.raises(ValidationError, match="at least 1s"):
        Spans().load({"wait": "900ms"})


@pytest.mark.parametrize("value", ["soon", "", "5", None, True, [], {}, "-1s", "5s 5"])
def test_what_is_no_duration_is_answered_with_examples(value):
    if value == "5":
        assert Spans().load({"wait": value}) == {"wait": 5}
        return
    with pytest.raises(ValidationError) as refused:
        Spans().load({"wait": value})
    if value is not None:
        assert "15s, 30m, 2h or 7d" in str(refused.value)


@given(items=st.lists(st.text(st.characters(categories=["L", "N", "P"], exclude_characters=","), min_size=1)))
def test_words_joined_by_commas_come_back_in_their_order(items):
    for text in (",".join(items), " , ".join(items), ",,".join(items) + ","):
        assert Spans().load({"names": text}) == {"names": items}
    assert Spans().load({"names": items}) == {"names": items}


def test_a_bad_word_is_found_by_its_place():
    with pytest.raises(ValidationError) as refused:
        Spans().load({"waits": "5s, often"})
    assert [path for path, _ in messages(refused.value.messages)] == ["waits.1"]


def test_messages_of_nested_and_schema_wide_errors_have_their_paths():
    tree = {"a": ["one", "two"], "b": {"0": {"c": ["three"]}}, "_schema": ["four"], "d": {"_schema": ["five"]}}
    assert list(messages(tree)) == [
        ("a", "one"), ("a", "two"), ("b.0.c", "three"), ("", "four"), ("d", "five"),
    ]  # fmt: skip
