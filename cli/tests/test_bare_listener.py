"""A listener is named by `--listener-id=ci` or by `ci` alone, in every command that asks for one."""

import json

import pytest

from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.manual.command_page import walk
from pulp_events_cli.parser import root
from pulp_events_cli.parser.bare import with_names
from pulp_events_cli.session import Session

CREATE = ("event", "listener", "http", "create", "--event-type=*", "--name=ci", "--url=http://127.0.0.1:9/")
COMMANDS = """
listener show
listener disable
listener enable
listener mute --for=1h
listener unmute
listener author --name=ann --trusted
listener http update --name=ci
listener http show-secret
listener history
listener explain --event-type=repo.sync.start
listener export
listener backtest --since=5m
listener backfill --since=5m
delivery stats
listener delete
"""


@pytest.fixture
def ci(admin):
    assert admin(*CREATE, "--secret=generate").code == 0
    return admin


def commands(name, first):
    for line in COMMANDS.strip().splitlines():
        words = line.split()
        at = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
        yield ["event", *words[:at], name, *words[at:]] if first else ["event", *words, name]


@pytest.mark.parametrize("first", [True, False])
def test_the_name_of_the_option_may_be_left_out(ci, first):
    for words in commands("ci", first):
        run = ci(*words)
        assert run.code == 0, (words, run.err)


def test_a_name_that_there_is_not_is_refused_in_both_ways(ci):
    for one, other in zip(commands("gone", True), commands("--listener-id=gone", False), strict=True):
        bare, named = ci(*one), ci(*other)
        assert (bare.code, bare.err) == (named.code, named.err) and bare.code == 1, (one, bare.err, named.err)
        assert "gone" in bare.err


def test_every_command_with_the_option_takes_it_alone_but_those_that_have_words_of_their_own(pulp_events_settings):
    session = Session(GlobalOptions())
    for parser in walk(root.build(session)):
        action = parser._option_string_actions.get("--listener-id")
        own_words = parser._get_positional_actions() or parser.prog.split()[2:3] == ["delivery"]
        if action is not None and not own_words:
            assert with_names(parser, ["ci"]) == ["--listener-id=ci"], parser.prog


def test_only_one_of_them_is_taken(ci):
    run = ci("event", "listener", "show", "ci", "other")
    assert run.code == 2 and "unexpected argument 'other'" in run.err
    run = ci("event", "listener", "show", "ci", "--listener-id=other")
    assert run.code == 2 and "contradicts" in run.err
    assert ci("event", "listener", "show").code == 2


def test_an_export_takes_several(ci):
    ci(*CREATE[:-2], "--name=two", CREATE[-1])
    for words in (["ci", "two"], ["--", "ci", "two"]):
        assert len(json.loads(ci("event", "listener", "export", "--json", *words).out)["listeners"]) == 2


def test_the_rest_of_a_secret_names_no_listener_and_is_not_repeated(ci):
    for words in (["--password=my", "hunter2"], ["--password", "my", "hunter2"], ["ci", "--password=my", "hunter2"]):
        run = ci("event", "listener", "http", "update", *words)
        assert run.code == 2 and "hunter2" not in run.err, words


def test_values_of_options_are_left_to_them(ci):
    assert ci("event", "listener", "mute", "--for", "1h", "--reason", "disks", "ci").code == 0
    assert "disks" in ci("event", "listener", "show", "ci").out
