"""Tables: a line for each row at any width of a terminal, everything in a pipe, columns and order as asked for."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
HTTP = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")


@pytest.mark.sample(1)
@pytest.mark.parametrize("width", [80, 40, 200])
def test_a_delivery_is_a_line_at_any_width(lines, ledger, admin, width):
    heading, *rows = lines(width, "event", "delivery", "list")
    assert len(rows) == 16
    assert max(map(cell_len, [heading, *rows])) <= width
    assert heading.startswith("ID ") and "STATE" in heading
    named, other = ledger
    if width >= 80:
        assert {"ci-builds", "NEXT", "WAITS"} <= set(" ".join([heading, *rows]).split())
        assert width < 100 or {"TIME", "DETAIL"} <= set(heading.split())
        assert width < 100 or other.id not in "".join(rows)  # it is shortened where there is more to show
    for row in rows:
        shown = admin.ok("event", "delivery", "show", row.split()[0], "--json").json["id"]
        assert shown.startswith(re.split("[.~]", row.split()[0])[0])


@pytest.mark.sample(2)
@pytest.mark.parametrize(("value", "width"), [("40", 40), ("0", 80), ("wide", 200), ("", 200)])
def test_the_columns_variable_says_how_wide_it_is(admin, ledger, value, width):
    terminal = Terminal(
        ["env", f"COLUMNS={value}", *admin.command("event", "delivery", "list")], admin.environment, 200
    )
    text, _ = terminal.end()
    longest = max(map(len, ESCAPE.sub("", text).splitlines()))
    assert longest <= width and longest > width / 2


def test_a_pipe_gets_everything_and_whole_ids(admin, ledger):
    heading, *rows = admin.ok("event", "delivery", "list").out.splitlines()
    found = admin.ok("event", "delivery", "list", "--json").json
    names = "ID TIME EVENT TYPE LISTENER TARGET STATE ATTEMPTS NEXT WAITS FOR DETAIL"
    assert heading.split() == names.split()
    for row, each in zip(rows, found, strict=True):
        assert row.startswith(each["id"]) and each["listener_id"] in row and row.endswith(each["detail"] or "-")


def test_columns_are_chosen_and_ordered_and_a_wrong_one_is_answered_with_those_there_are(admin, ledger):
    out = admin.ok("event", "delivery", "list", "--columns=state,Event-Type", "--limit=2").out
    assert out.splitlines()[:2] == ["STATE    EVENT TYPE", "pending  repo.publish.finish"]
    run = admin("event", "delivery", "list", "--columns", "state,atempts")
    assert run.code == 2 and "did you mean 'attempts'? they are id, time, event_type, listener," in run.err
    run = admin("event", "delivery", "list", "--columns=,")
    assert run.code == 2 and "is empty; the names are id, time" in run.err
    run = admin("event", "delivery", "list", "--columns=id", "--json")
    assert run.code == 2 and "--json prints all there is" in run.err


def test_what_was_asked_for_and_has_no_room_is_named(lines, ledger):
    shown = lines(40, "event", "delivery", "list", "--columns=id,time,state,event_type,attempts")
    told = " ".join(shown[shown.index(next(line for line in shown if line.startswith("pulp-admin: "))) :])
    assert "the terminal has no room for these columns: " in told and told.endswith("attempts")


@pytest.mark.parametrize("spelling", [("--sort=-event_type",), ("--sort", "-event-type"), ("--sort", "-EVENT_TYPE")])
def test_a_list_is_sorted_also_downwards(admin, ledger, spelling):
    types = [each["event_type"] for each in admin.ok("event", "delivery", "list", *spelling, "--json").json]
    assert types == sorted(types, reverse=True) and len(set(types)) == 2
    rows = admin.ok("event", "delivery", "list", *spelling, "--columns=event_type").out.split()
    assert rows[2:] == types


def test_what_is_listed_is_sorted_and_the_next_page_begins_where_it_would(admin, ledger):
    first = admin.ok("event", "delivery", "list", "--limit=5").out.splitlines()
    again = admin.ok("event", "delivery", "list", "--limit=5", "--sort=event_type").out.splitlines()
    assert sorted(first) == sorted(again) and first[-1] == again[-1]


def test_listeners_are_a_table_if_asked_for(admin, ledger, lines):
    named, other = ledger
    rows = lines(80, "event", "listener", "list", "--table", "--sort=-name")
    assert rows[0].split() == ["ID", "NAME", "TYPE", "EVENT", "TYPES", "STATE"] and "ci-builds" in rows[1]
    rows = admin.ok("event", "listener", "list", "--columns=id,failures", "--sort=id").out.splitlines()
    assert rows == [f"{'ID':<24}  FAILURES", *(f"{each}  0" for each in sorted([named.id, other.id]))]
    records = admin.ok("event", "listener", "list", "--sort=type").out
    assert records.index(other.id) < records.index(named.id) and "Notifier Config:" in records


EMPTY = {
    ("delivery", "list"): "there are no deliveries",
    ("listener", "list"): "there are no listeners",
    ("list",): "no events are stored",
    ("erasures",): "nothing was erased",
    ("listener", "history"): "no changes are known",
    ("listener", "explain", "--event-type=repo.sync.start"): "there are no listeners",
    ("types", "impact", "repo.sync.start"): "no filter or template of a listener uses a field of repo.sync.start",
    ("plugin", "list", "--no-plugins"): "no plugins are loaded because of --no-plugins",
}


@pytest.mark.parametrize("words", EMPTY, ids=" ".join)
def test_an_empty_list_says_so_on_standard_error(admin, words):
    run = admin.ok("event", *words)
    assert (run.out, run.err) == ("", f"pulp-admin: note: {EMPTY[words]}\n")
    assert admin.ok("event", *words, "--json").err == admin.ok("event", *words, "--quiet").err == ""


def test_an_empty_list_names_the_options_that_let_nothing_through(admin, ledger):
    run = admin.ok("event", "delivery", "list", "--state", "delivered", "--error=a b", "--sort=-id", "--limit=3")
    assert run.err == "pulp-admin: note: no deliveries match --state delivered '--error=a b'\n"
    run = admin.ok("event", "listener", "list", "--name=x*", "--failing")
    assert run.err == "pulp-admin: note: no listeners match '--name=x*' --failing\n"


def test_a_delivery_of_an_erased_event_is_marked(admin, ledger, lines):
    event = admin.ok("event", "delivery", "list", "--json").json[0]["event_id"]
    admin.ok("event", "erase", "--id", event, "--yes")
    rows = admin.ok("event", "delivery", "list", "--columns=event_id,erased").out.splitlines()[1:]
    assert {tuple(row.split()) for row in rows if "yes" in row} == {(event, "yes")}
    found = admin.ok("event", "delivery", "list", "--json").json
    assert {each["event_id"] for each in found if each["erased"]} == {event}
    assert admin.ok("event", "delivery", "show", f"{event}.0", "--json").json["erased"] is True
    assert "ERASED" in lines(120, "event", "delivery", "list")[0]


def test_an_erased_event_is_marked(admin, ledger):
    event = admin.ok("event", "list", "--json").json[2]["id"]
    assert "ERASED" not in admin.ok("event", "list").out
    admin.ok("event", "erase", "--id", event, "--yes")
    heading, *rows = admin.ok("event", "list").out.splitlines()
    assert heading.split()[-1] == "ERASED"
    assert [row.split()[0] for row in rows if not row.endswith(" -")] == [event]


def test_names_of_columns_are_completed(admin):
    from pulp_events_cli.completion.candidates import candidates

    words = ["event", "delivery", "list"]
    assert ("id,state", "") in candidates([*words, "--columns"], "id,s")
    assert candidates([*words, "--columns"], "id,i") == []
    assert ("-state", "") in candidates([*words, "--sort"], "-s")
    assert ("--sort=-state", "") in candidates(words, "--sort=-s")
