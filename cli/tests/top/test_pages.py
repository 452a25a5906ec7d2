"""What screens show, made of records alone: no store, no terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events.bus.wait_cause import WaitCause, WaitingFor
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.states import Outcome, State
from pulp_events.visible import visible
from pulp_events_cli.top import prompts
from pulp_events_cli.top.controller import Shown, settled
from pulp_events_cli.top.frame import Data, frame
from pulp_events_cli.top.lines import plain, width_of
from pulp_events_cli.top.model import (
    Condition,
    DeliveryPage,
    Figures,
    ListenerPage,
    Overview,
    Row,
    Sort,
    Worker,
    condition_of,
    ordered,
)
from pulp_events_cli.top.state import Ask, Page, Prompt, View
from pulp_events_cli.top.status import Status

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
STATUS = Status(NOW, NOW, place="web1")


def row(number=0, name="ci", condition=Condition.GOOD, error="", since=None, **figures):
    listener = Listener(
        f"{number:024x}", "http", {}, ("repo.sync.*",), ("",), NOW, NOW, name=name, labels={"team": "ops"}
    )
    return Row(listener, Figures(**figures), condition, since, error)


WAIT = WaitingFor(WaitCause.RETRY, "attempt 3 of 8 failed", NOW + timedelta(minutes=3))


def delivery(number=0, state=State.PENDING, **more):
    values = {"detail": "503 down\nretry later", "attempts": 3, "lease": None, **more}
    return Delivery(
        f"01a2{number:032x}.0", "01a2", "repo.sync.start", NOW - timedelta(seconds=90), "web1",
        b'{"payload": {"repo_id": "rhel-9"}}', "0" * 24, "a@b.example", state, **values,
    )  # fmt: skip


WORKERS = (Worker("web1:4711", 1.0, False, 3),)


def overview(*rows, workers=WORKERS, **totals):
    return Overview(Figures(**totals), rows, workers)


def screen(data, view, size=(80, 24), status=STATUS):
    return plain(frame(data, view, status, size).lines)


FAILING = row(
    1, "mirror", Condition.FAILING, "503 down", NOW - timedelta(minutes=5),
    pending=1200, failed=30, delivered=10, oldest=NOW - timedelta(hours=2), dead=4, p95=75.0,
)  # fmt: skip
EVERYTHING = Data(
    overview(row(0, "ci", delivered=900), FAILING, row(2, None, Condition.MUTED, since=NOW + timedelta(minutes=29)),
             pending=1200, in_flight=3, delivered=910, failed=30, dead=4, p95=1.5, oldest=NOW - timedelta(hours=2),
             series=(1, 5, 9)),
    ListenerPage(FAILING, [delivery(each) for each in range(30)], {delivery(0).id: WAIT}, None, True),
    DeliveryPage(delivery(), [Attempt(1, NOW - timedelta(minutes=1), 0.25, Outcome.TRANSIENT, "503 down")], "mirror"),
)  # fmt: skip
PAGES = [
    View(listener=FAILING.id),
    View(listener=FAILING.id, prompt=Prompt(Ask.MUTE_FOR, FAILING.id, "mirror")),
    View(listener=FAILING.id, prompt=Prompt(Ask.RETRY, FAILING.id, "mirror" * 10)),
    View(wanted="nothing has this"),
    View(Page.LISTENER, listener=FAILING.id),
    View(Page.DELIVERY, listener=FAILING.id, delivery=delivery().id),
    View(Page.HELP),
]


def test_a_screen_of_80_by_24_says_what_fails_since_when_and_why():
    text = screen(EVERYTHING, View(listener=FAILING.id))
    lines = text.split("\n")
    assert "3   1 failing   1 muted" in lines[1]
    assert "1.0/s delivered   30 failed (3%)   95% within 1.5s" in lines[2]
    assert "1200 pending   oldest 2h   3 in flight   4 given up" in lines[3]
    assert "1   web1:4711 3 in flight" in lines[4]
    mirror = next(line for line in lines if line.startswith(">!mirror"))
    assert mirror.split() == [">!mirror", "failing", "5m", "1200", "2h", "0.7/m", "75%", "4", "1m", "-"]
    assert lines[-3] == " mirror: 503 down"
    assert lines[-1] == " q quit  Enter open  ? help  m/u mute  r retry  d/e disable  / find  s sort"


def test_the_worst_stands_first_and_what_fails_is_red_also_where_it_is_chosen():
    made = frame(EVERYTHING, View(listener=FAILING.id), STATUS, (80, 24))
    rows = [line for line in made.lines if "mirror" in plain([line])]
    assert [style for _, style in rows[0]] == ["chosen bad"]
    names = [each.name for each in ordered(EVERYTHING.overview.rows, Sort.TROUBLE)]
    assert names == ["mirror", "0" * 23 + "2", "ci"]


def test_no_worker_where_something_waits_is_an_alarm():
    gone = overview(workers=[Worker("web1:4711", 720.0, True)], pending=5)
    lines = frame(Data(gone), View(), STATUS, (80, 24)).lines
    line = next(line for line in lines if "Workers" in plain([line]))
    assert ("none seen for 12m", "bad") in line
    line = frame(Data(overview(workers=())), View(), STATUS, (80, 24)).lines[4]
    assert ("none seen", "note") in line


@pytest.mark.parametrize("view", PAGES)
@pytest.mark.parametrize("size", [(200, 60), (80, 24), (40, 24), (80, 10), (25, 8), (10, 3)])
def test_a_page_has_as_many_lines_as_the_screen_and_none_is_too_long(view, size):
    made = frame(EVERYTHING, view, STATUS, size)
    assert len(made.lines) <= size[1]
    assert len(made.lines) == size[1] or size == (10, 3)
    assert all(width_of(line) <= size[0] for line in made.lines)


@given(st.text(max_size=200), st.integers(1, 120), st.integers(1, 40))
def test_whatever_others_wrote_stays_in_its_place(text, columns, rows):
    bad = replace(FAILING, error=text, note=text, listener=replace(FAILING.listener, name=text or None))
    data = Data(
        overview(bad), ListenerPage(bad, [delivery(detail=text)]), DeliveryPage(delivery(detail=text), [], text)
    )
    for view in PAGES:
        for line in frame(data, view, replace(STATUS, problem=text), (columns, rows)).lines:
            assert width_of(line) <= columns
            assert all(visible(piece) == piece for piece, _ in line)


def test_a_narrow_screen_keeps_name_state_and_what_waits_and_a_wide_one_shows_more():
    lines = screen(EVERYTHING, View(), (40, 24)).split("\n")
    assert next(line for line in lines if "LISTENER" in line).split() == ["LISTENER", "STATE", "PENDING"]
    lines = screen(EVERYTHING, View(), (200, 60)).split("\n")
    heading = next(line for line in lines if "LISTENER" in line)
    assert all(each in heading for each in ("OLDEST", "RATE", "FAIL", "P50", "TREND", "TYPE", "LAST ERROR"))
    assert any("503 down" in line and line.startswith(" !mirror") for line in lines)


def test_the_chosen_row_of_ten_thousand_is_on_the_screen():
    many = [row(each, f"n{each:05}") for each in range(10_000)]
    for chosen in (0, 5, 9_000, 9_999):
        assert f"> n{chosen:05}" in screen(Data(overview(*many)), View(sort=Sort.NAME, listener=many[chosen].id))


def test_a_delivery_shows_its_attempts_and_its_report_and_scrolls():
    view = View(Page.DELIVERY, listener=FAILING.id, delivery=delivery().id)
    text = screen(EVERYTHING, view)
    assert "State       pending" in text and "Attempts: 1" in text and "250ms  transient" in text
    made = frame(EVERYTHING, replace(view, scroll=1000), STATUS, (80, 14))
    assert '"repo_id": "rhel-9"' in plain(made.lines) and made.length > made.room == 11


@pytest.mark.parametrize(
    ("state", "lease", "word"),
    [(State.PENDING, None, "pending"), (State.PENDING, "x", "sending"), (State.DEAD, None, "dead")],
)
def test_what_is_being_attempted_is_told_apart(state, lease, word):
    one = delivery(state=state, lease=lease)
    page = ListenerPage(FAILING, [one], {one.id: WAIT} if word == "pending" else {})
    text = screen(Data(overview(), page), View(Page.LISTENER, listener=FAILING.id), (120, 24))
    line = next(line for line in text.split("\n") if "repo.sync.start" in line and "ago" in line)
    assert line.split()[3] == word and ("in 3m" in line) is (word == "pending") and "503 down" in line


def test_the_status_line_says_what_went_wrong_and_from_when_the_figures_are():
    bad = replace(STATUS, problem="the outbox is busy")
    assert " the outbox is busy (shown: " in screen(EVERYTHING, View(), status=bad)
    assert "asking the store" in screen(Data(overview()), View(), status=replace(STATUS, read=None))


def test_the_conditions_of_a_listener():
    listener = row().listener

    def of(failing=False, succeeded=False, figures=None, **changed):
        return condition_of(replace(listener, **changed), figures or Figures(), failing, succeeded, NOW)

    assert of() == Condition.IDLE
    assert of(succeeded=True) == of(figures=Figures(delivered=1, pending=2)) == Condition.GOOD
    assert of(figures=Figures(pending=1)) == Condition.WAITING
    assert of(failing=True) == Condition.FAILING
    assert of(failing=True, muted_until=NOW + timedelta(1)) == Condition.MUTED
    assert of(muted_until=NOW - timedelta(1)) == Condition.IDLE
    assert of(enabled=False) == Condition.DISABLED
    assert of(failing=True, enabled=False, disabled_reason="410 Gone") == Condition.STOPPED


@pytest.mark.parametrize(
    ("sort", "first"),
    [(Sort.TROUBLE, "b"), (Sort.NAME, "a"), (Sort.PENDING, "c"), (Sort.RATE, "a"), (Sort.FAILED, "b"),
     (Sort.DEAD, "d"), (Sort.SLOW, "d")],
)  # fmt: skip
def test_listeners_are_sorted_and_found(sort, first):
    rows = [
        row(3, "d", dead=3, p95=9.0),
        row(0, "a", delivered=100, pending=2),
        row(1, "b", Condition.FAILING, failed=1),
        row(2, "c", pending=50, delivered=5, failed=1),
    ]
    assert ordered(rows, sort)[0].name == first
    assert {each.name for each in ordered(rows, sort, True)} == set("abcd")
    assert [each.name for each in ordered(rows, sort, wanted="TEAM=ops  failing")] == ["b"]


def test_the_choice_stays_with_its_listener_when_the_order_changes():
    first, second = row(0, "a", pending=1), row(1, "b", pending=2)
    view = settled(View(sort=Sort.PENDING), Shown(overview(first, second)))
    assert view.listener == second.id
    view = settled(view, Shown(overview(replace(first, figures=Figures(pending=9)), second)))
    assert view.listener == second.id
    assert settled(view, Shown(overview(first))).listener == first.id  # the other one was deleted


@pytest.mark.parametrize("width", [20, 30, 40, 80])
@pytest.mark.parametrize("ask", [Ask.RETRY, Ask.RETRY_ONE])
def test_the_keys_of_a_choice_are_marked_without_colours_at_any_width(ask, width):
    shown = "".join(text for text, _ in prompts.line(Prompt(ask, "a", "mirror" * 10), width))
    assert len(shown) < width and shown.split(" cancel")[0].endswith("Esc")
    assert all(key in shown for key in (["[d]", "[p]", "[b]"] if ask == Ask.RETRY else ["[y]"]))


def test_a_fault_stays_on_the_screen_while_something_is_asked():
    view = View(listener=FAILING.id, prompt=Prompt(Ask.RETRY, FAILING.id, "mirror"))
    lines = ["".join(text for text, _ in line) for line in
             frame(EVERYTHING, view, replace(STATUS, problem="the server is gone"), (80, 24)).lines]  # fmt: skip
    assert len(lines) == 24 and "the server is gone" in lines[-3] and "[d]ead" in lines[-2]
