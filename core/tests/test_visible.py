"""What a payload may bring must be seen, and not obeyed by a terminal or turn a text round."""

import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events.visible import json_text, visible

OBEYED = [
    *("\x1b[31m", "\x9b31m", "\x7f", "\x85", "\u202e", "\u2066", "\u200f"),
    *("\u061c", "\u2028", "\u00ad", "\ufeff", "\U000e0041"),
]


@pytest.mark.parametrize("text", OBEYED)
def test_what_a_terminal_or_a_reader_would_obey_is_spelt_out(text):
    shown, as_json = visible(f"a{text}b"), json_text([f"a{text}b"])
    assert text[0] not in shown + as_json and "\\" in shown
    assert json.loads(as_json) == [f"a{text}b"]


@pytest.mark.parametrize("text", ["Größe", "表　示", "1 000", "👩‍👩‍👧", "می‌خواهم", "עברית", "a\\u202eb"])
def test_what_people_write_stays_as_it_is(text):
    assert visible(text) == text and json.loads(json_text(text)) == text
    assert text in json_text(text) or "\\" in text


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_is_the_same_to_a_program_and_has_nothing_to_obey(value):
    for indent in (None, 2):
        text = json_text(value, indent)
        assert json.loads(text) == value
        assert visible(text, keep="\n") == text


def test_every_character_is_shown_or_spelt_out():
    for number in range(0, sys.maxunicode, 7):
        shown = visible(chr(number))
        assert shown == chr(number) or shown.startswith("\\")


def test_lone_surrogates_do_not_end_it():
    assert visible("\ud800") == "\\ud800" and json_text("\ud800") == '"\\ud800"'


def test_text_is_made_one_line_here_and_nowhere_else():
    root = Path(__file__).parents[2]
    folders = ("core", "cli", "plugins/*")  # but for a plugin of Pulp's own command line, which has nothing of core
    sources = [
        path for each in folders for path in root.glob(f"{each}/src/**/*.py") if "plugins/pulp-cli" not in str(path)
    ]
    assert len(sources) > 100
    by_hand = re.compile(r"""["'] ["']\.join\([^\n]*\.split\(\)\)""")
    found = {str(path.relative_to(root)) for path in sources if by_hand.search(path.read_text("utf-8"))}
    assert found == {
        "core/src/pulp_events/visible.py",
        "core/src/pulp_events/testing/notifier_contract/command_line.py",
    }
