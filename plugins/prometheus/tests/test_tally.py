"""`Tally`: sums that only grow, whatever becomes of listeners and of what the store remembers."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events_prometheus.tally import Member, Tally

IDS = ("a", "b", "c", "d")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("count"), st.sampled_from(IDS), st.sampled_from(("a:delivered", "e:dead", "s:3", "d:-1"))),
        st.tuples(st.just("join"), st.sampled_from(IDS), st.booleans()),
        st.tuples(st.just("move"), st.sampled_from(IDS), st.booleans()),
        st.tuples(st.just("leave"), st.sampled_from(IDS), st.none()),
        st.tuples(st.just("advance"), st.none(), st.none()),
    ),
    max_size=40,
)


def values(tally):
    groups = {"listeners": tally.listeners, "others": tally.others, "types": tally.types}
    return {
        (group, key, word): n for group, of in groups.items() for key, words in of.items() for word, n in words.items()
    }


@pytest.mark.hypothesis
@given(STEPS)
def test_no_sum_ever_goes_down(steps):
    tally, live, wanted, used, shown, names = Tally(0.0), {}, {}, set(), {}, set()
    for what, key, value in steps:
        if what == "count" and key in wanted:
            live.setdefault(key, Counter())[value] += 1
        elif what == "join" and key not in used:
            used.add(key)
            wanted[key] = Member("http", value)
        elif what == "move" and key in wanted:
            wanted[key] = Member("http", value)
        elif what == "leave":
            wanted.pop(key, None)
        elif what == "advance":
            tally.settle(wanted, live)
            tally.advance(tally.through + 1, live)
            live = {}
        tally = Tally.of_json(tally.to_json())  # another process
        tally.settle(wanted, live)
        now = values(tally.sums(live))
        named = {each for each, member in wanted.items() if member.named}
        for (group, of, word), count in shown.items():
            if group != "listeners" or (of in named and of in names):
                assert now.get((group, of, word), 0) >= count, (what, key, group, of, word)
        shown, names = now, named


def test_what_a_deleted_listener_counted_stays_with_the_others_and_its_own_series_go():
    tally, live = Tally(0.0), {"a": {"a:delivered": 2, "s:1": 2}, "b": {"a:delivered": 3, "s:1": 3}}
    tally.settle({"a": Member("http", True), "b": Member("http", False)}, live)
    tally.settle({}, live)
    sums = tally.sums(live)
    assert (sums.listeners, sums.others, sums.types) == ({}, {"http": {"a:delivered": 3}}, {"http": {"s:1": 5}})


def test_what_was_shown_is_never_more_than_what_is_shown_next():
    tally = Tally(0.0)
    tally.settle({"a": Member("http", True)}, {})
    shown = tally.sums({"a": {"a:delivered": 9}})
    sums = tally.sums({"a": {"a:delivered": 4}})  # an older store took its place
    assert tally.raise_to(shown, sums) and sums.listeners == {"a": {"a:delivered": 9}}
    assert tally.sums({"a": {"a:delivered": 6}}).listeners == {"a": {"a:delivered": 11}}
    assert not tally.raise_to(shown, tally.sums({"a": {"a:delivered": 6}}))


@pytest.mark.parametrize(
    "found",
    [{}, {"through": 1}, [], {"through": "x", "members": {}, "listeners": {}}, {"through": 0.0, "members": {"a": 1}}],
)
def test_a_file_that_says_something_else_is_refused(found):
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        Tally.of_json(found)
