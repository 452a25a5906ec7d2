"""Did you mean …? Only what may have been meant."""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pulp_events.system.suggestion import did_you_mean


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("--bogus", ["--columns", "--json", "--sort"]),
        ("--verbose", ["--sort", "--reverse-it"]),
        ("--x", ["--y", "--z"]),
        ("--", ["--json"]),
        ("bogus", ["columns"]),
        ("list", ["mute", "test", "show"]),
        ("", ["list"]),
        ("list", []),
    ],
)
def test_nothing_is_suggested_that_is_hardly_alike(word, known):
    assert did_you_mean(word, known) == ""


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("hptt", "http"),
        ("lees", "lease"),
        ("prot", "port"),
        ("--jsn", "--json"),
        ("-jsn", "--json"),
        ("json", "--json"),
    ],
)
def test_a_slip_is_understood(word, meant):
    assert did_you_mean(word, [meant, "--columns", "mute"]) == f"; did you mean {meant!r}?"


@given(
    st.text(string.ascii_lowercase, min_size=4, max_size=12), st.text(string.ascii_lowercase, min_size=4, max_size=12)
)
def test_dashes_make_no_two_options_alike(one, other):
    assume(one != other)
    assert bool(did_you_mean(f"--{one}", [f"--{other}"])) == bool(did_you_mean(one, [other]))


@given(st.text(string.ascii_lowercase, min_size=4, max_size=12), st.data())
def test_two_letters_that_changed_places_are_understood(word, data):
    at = data.draw(st.integers(0, len(word) - 2))
    slip = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assert did_you_mean(f"--{slip}", [f"--{word}"]) == f"; did you mean '--{word}'?"
