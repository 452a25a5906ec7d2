"""Which columns a terminal has room for, and how wide they are."""

from __future__ import annotations

import argparse
import io
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

JOINED = "👩\u200d👩\u200d👧"

FOREIGN = ["表示する方", JOINED, "a\u0301e\u0301 c", "\u202eleft", "❤\ufe0f h", "👍🏽", "한글", "🇩🇪", "x"]


@pytest.mark.slow
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


widths = st.lists(st.integers(1, 80), min_size=1, max_size=4).map(lambda found: tuple(sorted(found, reverse=True)))

cells = st.integers(1, 30)
wishes = st.builds(Wish, widths, st.integers(0, 6), st.none() | cells, cells, st.booleans(), st.booleans())


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
        shown = [found[each.column].rank for each in places if not found[each.column].implied]
        assert max(shown, default=0) <= min((found[at].rank for at in left_out if not found[at].implied), default=9)


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
