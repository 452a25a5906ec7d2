"""Tables: a line for each row at any width of a terminal, everything in a pipe, columns and order as asked for."""

from __future__ import annotations

import argparse
import io
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pulp_events import EventBus
from pulp_events_cli.ids import shortening
from pulp_events_cli.output import listing
from pulp_events_cli.output.fitting import BETWEEN, Wish, fit
from pulp_events_cli.output.kinds import MOMENT, Ids
from pulp_events_cli.output.table import Column, Table

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
HTTP = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")


@pytest.fixture
def lines(admin):
    """`lines(80, "event", "delivery", "list")`: what a terminal with so many columns shows."""

    def run(columns, *words, **environment):
        terminal = Terminal(admin.command(*words), {**admin.environment, **environment}, columns)
        try:
            text, code = terminal.end()
        finally:
            terminal.close()
        assert code == 0, text
        return ESCAPE.sub("", text).replace("\r\n", "\n").splitlines()

    return run


@pytest.fixture
def ledger(admin):
    """Some deliveries of two listeners, one of which has a name and failed."""
    with EventBus.open(admin.config, deliver="external") as bus:
        named = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="ci-builds")
        other = bus.listeners.create(
            "email", {"subject": "s", "addresses": ["a@b.example", "c@d.example"]}, ["repo.publish.*"]
        )
        for n in range(4):
            bus.emit("repo.sync.start", {"repo_id": f"r{n}"})
            bus.emit("repo.publish.finish", {"repo_id": f"r{n}"})
        bus.outbox.bury(named.id, "404 Not Found: there is no such hook here; ask the team that runs the receiver")
    return named, other


@pytest.mark.parametrize("width", [80, 40, 200])
def test_a_delivery_is_a_line_at_any_width(lines, ledger, admin, width):
    heading, *rows = lines(width, "event", "delivery", "list")
    assert len(rows) == 16
    assert max(map(cell_len, [heading, *rows])) <= width
    assert heading.startswith("ID ") and "STATE" in heading
    named, other = ledger
    if width >= 80:
        assert {"ci-builds", "WAITS", "DETAIL"} <= set(" ".join([heading, *rows]).split())
        assert width < 100 or {"TIME", "NEXT"} <= set(heading.split())
        assert other.id not in "".join(rows)  # it is shortened
    for row in rows:
        shown = admin.ok("event", "delivery", "show", row.split()[0], "--json").json["id"]
        assert shown.startswith(row.split()[0].partition(".")[0])


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


def test_an_abbreviated_delivery_that_several_events_could_have_is_refused(admin):
    with EventBus.open(admin.config, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        for number in ("1", "1.0", "12"):
            bus.emit("repo.sync.start", {"repo_id": "r"}, id=f"order-{number}")
    show = ("event", "delivery", "show", "--json")
    run = admin(*show, "orde.0")
    assert run.code == 2 and "'orde.0' is ambiguous: 3 deliveries" in run.err
    assert admin.ok(*show, "order-12.0").json["event_id"] == "order-12"
    assert admin.ok(*show, "order-1.0").json["event_id"] == "order-1"
    assert admin.ok(*show, "order-1.0.0").json["event_id"] == "order-1.0"


def everything(parser, words=()):
    parser.complete()
    yield words, parser
    for name, command in (parser.commands.choices if parser.commands else {}).items():
        yield from everything(command, (*words, name))


JOINED = "👩\u200d👩\u200d👧"
FOREIGN = ["表示する方", JOINED, "a\u0301e\u0301 c", "\u202eleft", "❤\ufe0f h", "👍🏽", "한글", "🇩🇪", "x"]


@pytest.mark.parametrize("width", [40, 61, 80])
def test_columns_stand_below_each_other_whatever_is_in_them(admin, width):
    import pyte

    with EventBus.open(admin.config, deliver="external") as bus:
        made = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        for number, text in enumerate(FOREIGN):
            bus.emit("repo.sync.start", {"repo_id": "r"})
            bus.outbox.bury(made.id, f"{text} \x1b[31m\x9b\x07\t refused {text} " * (1 + number % 3 * 9))
    words = ("event", "delivery", "list", "--columns=id,detail,state,attempts", "--quiet")
    terminal = Terminal(admin.command(*words), admin.environment, width)
    text, _ = terminal.end()
    screen = pyte.Screen(width, 40)
    pyte.Stream(screen).feed(text)
    heading, *rows = [line.rstrip() for line in screen.display if line.strip()]
    assert len(rows) == len(FOREIGN), rows  # none was wrapped
    at = heading.index("STATE")
    for number in range(1, len(FOREIGN) + 1):
        shown = screen.buffer[number]
        assert "".join(shown[column].data for column in range(at, at + 4)) == "dead", rows[number - 1]
        assert {shown[at - 1].data, shown[at - 2].data} == {" "}


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


def test_an_erased_event_is_marked(admin, ledger):
    event = admin.ok("event", "list", "--json").json[2]["id"]
    assert "ERASED" not in admin.ok("event", "list").out
    admin.ok("event", "erase", "--id", event, "--yes")
    heading, *rows = admin.ok("event", "list").out.splitlines()
    assert heading.split()[-1] == "ERASED"
    assert [row.split()[0] for row in rows if not row.endswith(" -")] == [event]


def test_a_shortened_id_is_that_of_one_thing_of_all_that_are_stored(admin, lines):
    long = "nightly-of-the-repository-rhel-9-for-x86_64-baseos-2026-11-2"
    with EventBus.open(admin.config, deliver="external") as bus:
        here = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.sync.*"])
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        for n in range(40):
            bus.emit("repo.sync.start" if n in (7, 33) else "repo.publish.start", {"repo_id": "r"})
        for id in (f"{long}5", f"{long}6"):
            bus.emit("repo.sync.start", {"repo_id": "r"}, id=id)
    stored = admin.ok("event", "delivery", "list", "--listener-id", here.id, "--json").json
    for width in (40, 66):
        shown = lines(width, "event", "delivery", "list", "--listener-id", here.id, "--columns=id")[1:]
        assert max(map(len, shown)) <= width
        # An id that has no room at all goes on in the next line.
        ids = [each[0] for each in re.findall(rf"((\S{{{width}}}\n)*\S+)", "\n".join(shown))]
        assert len(ids) == 4
        for whole, short in zip(stored, ids, strict=True):
            found = admin.ok("event", "delivery", "show", short.replace("\n", ""), "--json").json
            assert found["id"] == whole["id"]
    for short in lines(80, "event", "list", "--limit=9", "--columns=id")[3:-2]:
        assert admin.ok("event", "show", short, "--json").json["id"].startswith(short)


def test_the_shortened_id_of_a_listener_that_was_deleted_still_finds_its_deliveries(admin, lines):
    with EventBus.open(admin.config, deliver="external") as bus:
        gone = [bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"]) for _ in range(20)]
        bus.emit("repo.sync.start", {"repo_id": "r"})
        for each in gone:
            bus.listeners.delete(each.id)
    shown = lines(80, "event", "delivery", "list", "--columns=listener,id,detail,time,state,event_type")[1:]
    assert len(shown) == 20
    for line in shown:
        short = line.split()[0]
        found = admin.ok("event", "delivery", "list", "--listener-id", short, "--json").json
        assert len(found) == 1 and found[0]["listener_id"].startswith(short)


def test_names_of_columns_are_completed(admin):
    from pulp_events_cli.completion.candidates import candidates

    words = ["event", "delivery", "list"]
    assert ("id,state", "") in candidates([*words, "--columns"], "id,s")
    assert candidates([*words, "--columns"], "id,i") == []
    assert ("-state", "") in candidates([*words, "--sort"], "-s")
    assert ("--sort=-state", "") in candidates(words, "--sort=-s")


widths = st.lists(st.integers(1, 80), min_size=1, max_size=4).map(lambda found: tuple(sorted(found, reverse=True)))
wishes = st.builds(Wish, widths, st.integers(0, 6), st.none() | st.integers(1, 30), st.integers(1, 30), st.booleans())


@given(st.lists(wishes, min_size=1, max_size=9), st.integers(1, 200), st.booleans())
def test_columns_fit_and_what_may_not_be_cut_is_whole(found, room, chosen):
    places = fit(found, room, chosen)
    assert [each.column for each in places] == sorted({each.column for each in places}) != []
    assert sum(each.width for each in places) + BETWEEN * (len(places) - 1) <= room
    for place in places:
        wish = found[place.column]
        if wish.least is None and (len(places) > 1 or wish.levels[-1] <= room):
            assert place.width == wish.levels[place.level]
        assert place.width <= wish.levels[place.level]
    left_out = set(range(len(found))) - {each.column for each in places}
    if left_out and not chosen:
        assert max(found[each.column].rank for each in places) <= min(found[at].rank for at in left_out)


NASTY = st.text(
    st.sampled_from("aZ -…表示한ᄒ\u0301\u200d\ufe0f👩👍🏽🇩🇪\x1b\x9b\n\t\u202e\u3000\xad") | st.characters(),
    max_size=60,
)
NAMES = [None, ["note", "id", "name"], ["id"], ["late", "name", "note"]]
ROWS = st.lists(st.tuples(NASTY, NASTY, st.text("ab", min_size=1, max_size=36)), min_size=1, max_size=5)


@given(ROWS, st.integers(40, 200), st.sampled_from(NAMES))
def test_no_text_breaks_a_table(rows, width, names):
    from datetime import UTC, datetime

    forms = Ids(lambda bus, ids: {each: (each, each[: shortening.unique_lengths(ids)[each]]) for each in ids})
    table = Table(
        "things",
        Column("id", lambda row: row[2], kind=forms, rank=0),
        Column("late", lambda row: datetime(2026, 1, 1, tzinfo=UTC), kind=MOMENT, rank=2),
        Column("name", lambda row: row[0], rank=1, least=8, cut_start=True),
        Column("note", lambda row: row[1], rank=3, least=10),
    )
    shown = _shown(table, rows, width, names)
    assert len(shown) == len(rows) + 1
    assert max(map(cell_len, shown)) <= width
    if shown[0].startswith("ID"):
        every = {row[2] for row in rows}
        for (_, _, whole), line in zip(rows, shown[1:], strict=True):
            short = line.split()[0]
            assert whole.startswith(short) and (short in every or sum(each.startswith(short) for each in every) == 1)


def _shown(table, rows, width, names):
    with pytest.MonkeyPatch.context() as patch:
        out = io.StringIO()
        out.isatty = lambda: True
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", io.StringIO())
        for name, value in {"COLUMNS": str(width), "TERM": "xterm", "NO_COLOR": "1"}.items():
            patch.setenv(name, value)
        listing.show(table, object(), rows, argparse.Namespace(columns=names))
    return out.getvalue().splitlines()
