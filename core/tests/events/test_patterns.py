"""Patterns follow AMQP's topic rules, and one that can match nothing is refused."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import UnknownEventType
from pulp_events.events.builtin import BUILTIN_EVENT_TYPES
from pulp_events.events.event_type import EventTypes
from pulp_events.events.pattern import is_valid, matches

words = st.sampled_from(["a", "b", "repo"])
names = st.lists(words, min_size=1, max_size=5).map(".".join)
patterns = st.lists(st.one_of(words, st.sampled_from(["*", "#"])), min_size=1, max_size=5).map(".".join)


def by_expansion(pattern, name):
    """The rules word for word: each # becomes 0 … n stars, then words are compared."""
    if pattern == "*":
        return True
    parts, wanted = pattern.split("."), name.split(".")
    holes = parts.count("#")
    for counts in itertools.product(range(len(wanted) + 1), repeat=holes):
        left = iter(counts)
        expanded = [star for part in parts for star in (["*"] * next(left) if part == "#" else [part])]
        if len(expanded) == len(wanted) and all(x in ("*", y) for x, y in zip(expanded, wanted, strict=True)):
            return True
    return False


@given(pattern=patterns, name=names)
def test_matching_is_what_the_rules_say(pattern, name):
    assert matches(pattern, name) == by_expansion(pattern, name)


@given(name=names)
def test_a_name_matches_itself_and_every_name_matches_the_two_catch_alls(name):
    assert matches(name, name) and matches("*", name) and matches("#", name)


def test_many_wildcards_take_no_time_to_speak_of():
    assert not matches(".".join(["#", "a"] * 30), ".".join(["a"] * 29 + ["b"]))


@pytest.mark.parametrize("text", ["", ".", "a..b", "a.", ".a", "a b", "a.*b", "a.#b", "ä", "a\n", "a.**"])
def test_what_is_no_pattern_is_said_to_be_none(text):
    assert not is_valid(text)
    with pytest.raises(UnknownEventType, match="neither an event type nor a pattern"):
        EventTypes(BUILTIN_EVENT_TYPES).check_pattern(text)


@pytest.mark.parametrize("text", ["repo.sync", "repo.*", "repo.sync.start.*", "repo.delete.*", "other.#"])
def test_a_pattern_that_can_match_nothing_is_refused_with_what_there_is(text):
    with pytest.raises(UnknownEventType) as refused:
        EventTypes(BUILTIN_EVENT_TYPES).check_pattern(text)
    assert all(event_type.name in str(refused.value) for event_type in BUILTIN_EVENT_TYPES)
    assert text in str(refused.value)


def test_a_misspelt_name_is_answered_with_the_right_one():
    with pytest.raises(UnknownEventType, match=r"did you mean 'repo\.sync\.start'"):
        EventTypes(BUILTIN_EVENT_TYPES).require("repo.sync.strat")


def test_the_guides_four_types_say_what_their_payload_holds():
    types = {event_type.name: event_type for event_type in BUILTIN_EVENT_TYPES}
    for kind in ("sync", "publish"):
        assert set(types[f"repo.{kind}.start"].payload) >= {"start_time", "repo_id", "user", "task_id"}
        finish = set(types[f"repo.{kind}.finish"].payload)
        assert finish >= {"start_time", "end_time", "repo_id", "task_id", "result", "error_message"}
    assert "added_count" in types["repo.sync.finish"].payload
    assert "published_count" in types["repo.publish.finish"].payload
