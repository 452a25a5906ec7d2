"""What holds for the table of every command."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len


def everything(parser, words=()):
    parser.complete()
    yield words, parser
    for name, command in (parser.commands.choices if parser.commands else {}).items():
        yield from everything(command, (*words, name))


def test_every_table_can_be_chosen_from_and_sorted(admin):
    from pulp_events_cli.global_options import GlobalOptions
    from pulp_events_cli.parser.root import build
    from pulp_events_cli.session import Session

    found = {
        " ".join(words[1:])
        for words, parser in everything(build(Session(GlobalOptions())))
        if {"--columns", "--sort"} <= set(parser.option_strings())
    }
    assert found >= {
        *("listener list", "listener history", "listener explain", "listener backtest", "listener test"),
        *("delivery list", "delivery show", "list", "show", "erasures", "types", "types show", "types impact"),
        *("plugin list", "plugin check", "config check"),
    }


@pytest.mark.slow  # a process for each list, and each is sorted by each of its columns
def test_every_list_is_as_wide_as_a_narrow_terminal_and_sorted_by_each_of_its_columns(admin, lines, ledger):
    event = admin.ok("event", "list", "--json").json[0]["id"]
    for words in (
        ("list",),
        ("show", event[:20]),
        ("delivery", "show", f"{event}.0"),
        ("listener", "history", "--table"),
        ("listener", "explain", "--event", event),
        ("listener", "explain", "--event-type=repo.sync.start"),
        ("listener", "backtest", "ci-builds", "--since=1h"),
        ("types", "--table"),
        ("types", "show", "repo.sync.start"),
        ("plugin", "list"),
        ("config", "check"),
    ):
        run = admin("event", *words, "--columns=no")
        columns = re.search(r"they are ([a-z_, ]+);", run.err)[1].split(", ")
        for column in columns:
            admin.ok("event", *words, f"--sort=-{column}")
        # What stands above a table of one thing is left to the terminal, so that it can be copied.
        if "show" not in words:
            shown = [line for line in lines(60, "event", *words) if "would be sent" not in line]
            assert max(map(cell_len, shown)) <= 60, words
