"""Messages on a terminal are broken between words; elsewhere they stay one line."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pulp_events_cli.output.wrapping import for_terminal

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

COLUMNS = 40


class Shown(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True, scope="module")
def terminal_of_40_columns():
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TERM", "xterm")
        patched.setenv("COLUMNS", str(COLUMNS))
        yield


@given(st.lists(st.text(st.sampled_from("abc`ü宽-/."), min_size=1, max_size=50)), st.sampled_from(["", "  "]))
def test_every_word_is_whole_and_every_line_fits_that_can(words, indent):
    line = indent + " ".join(words)
    shown = for_terminal(line, Shown())
    assert shown.split() == line.split()
    for each in shown.split("\n"):
        assert cell_len(each) <= COLUMNS or len(each.split()) == 1
        assert each.startswith(indent) or not line.strip()


def test_a_command_in_backticks_stays_in_one_line():
    shown = for_terminal("the outbox is full; `pulp-admin event delivery stats` shows whose they are", Shown())
    assert "`pulp-admin event delivery stats`" in shown.split("\n")[1]


def test_lines_that_fit_and_what_no_terminal_shows_are_left_alone():
    text = "a  b\n\n  c " + "d" * COLUMNS
    assert for_terminal("a  b\n\n  c", Shown()) == "a  b\n\n  c"
    assert for_terminal(text, io.StringIO()) == text


@pytest.mark.parametrize("no_colour", [{}, {"NO_COLOR": "1"}])
def test_an_error_on_a_narrow_terminal_breaks_no_word(admin, no_colour):
    text, code = Terminal(admin.command("event", "show", "nonsense"), {**admin.environment, **no_colour}, COLUMNS).end()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r\n", "\n").strip()
    assert code == 1 and plain.count("\n") > 0
    assert all(len(line) <= COLUMNS for line in plain.split("\n")) and "`pulp-admin event list`" in plain
