"""An option that goes with a later release is taken, with a warning, and is in no help."""

import pytest

from pulp_events.deprecations import Deprecated
from pulp_events_cli.errors import UsageError
from pulp_events_cli.parser.parser import Parser

OLD = Deprecated("--colour", since="1.1", removed_in="2.0", instead="--color")


@pytest.fixture
def parser():
    made = Parser(prog="paint")
    made.add_argument("--color", required=True, help="colour to paint in")
    made.add_argument("rest", nargs="*")
    made.add_deprecated("--colour", "--color", OLD)
    return made


@pytest.mark.parametrize("words", [["--colour", "red"], ["--colour=red"]])
def test_it_stands_for_the_new_one(parser, words, caplog):
    assert parser.parse_words(words).color == "red"
    assert [each.getMessage() for each in caplog.records] == [
        "--colour is deprecated since 1.1 and will be removed in 2.0; use --color"
    ]


def test_the_new_one_says_nothing_and_what_follows_the_end_of_options_is_left_alone(parser, caplog):
    found = parser.parse_words(["--color=red", "--", "--colour"])
    assert (found.color, found.rest, caplog.records) == ("red", ["--colour"], [])


def test_neither_help_nor_suggestions_name_it(parser):
    assert "colour to paint in" in parser.format_help() and "--colour" not in parser.format_help()
    with pytest.raises(UsageError, match=r"--colou; did you mean '--color'\?"):
        parser.parse_words(["--colou", "red"])
