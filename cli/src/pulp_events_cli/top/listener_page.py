"""The page of a listener: how it is, and its deliveries."""

from __future__ import annotations

from pulp_events.bus.wait_cause import WaitCause, WaitingFor
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.states import State
from pulp_events_cli.top import columns, words
from pulp_events_cli.top.columns import Column
from pulp_events_cli.top.lines import Line, Piece, as_far_as_fit, marked
from pulp_events_cli.top.model import Condition, ListenerPage
from pulp_events_cli.top.overview_page import TONES, Body, with_bars
from pulp_events_cli.top.state import View
from pulp_events_cli.top.status import Status

_MARGIN = 2


def body(page: ListenerPage, view: View, status: Status, size: tuple[int, int]) -> Body:
    """The page on a screen of (columns, lines)."""
    width, height = size
    head = _about(page, status, width)
    head = head[: max(1, (height - 5) // 2)]
    note = _chosen(page, view, status) if height >= 10 else []
    table = columns.chosen(_columns(page, status), width - _MARGIN)
    above: list[Line] = [*head, [("", "")], _which(page, view, width)]
    room = max(1, height - len(above) - len(note) - 1)
    deliveries = page.deliveries
    at = next((index for index, each in enumerate(deliveries) if each.id == view.delivery), 0)
    first = columns.window(len(deliveries), at, room)
    chosen = view.delivery or next((each.id for each in deliveries), None)
    lines = [_row(table, each, each.id == chosen) for each in deliveries[first : first + room]]
    lines += [[("", "")]] * (room - len(lines))
    return Body([*above, [("  ", ""), *columns.heading(table)], *lines, *note], room)


def state_of(delivery: Delivery) -> Piece:
    """Its state as it is shown: `sending` while it is attempted."""
    if delivery.state == State.PENDING:
        return ("sending", "title") if delivery.lease is not None else (str(State.PENDING), "note")
    return str(delivery.state), "bad" if delivery.state.failed else "good"


def next_attempt(wait: WaitingFor, status: Status) -> str:
    """When it may be attempted: `in 5m`, `now`, or that nobody knows."""
    if wait.until is not None and wait.until > status.now:
        return f"in {words.age((wait.until - status.now).total_seconds())}"
    return "now" if wait.until is not None or wait.cause == WaitCause.WORKER else "?"


def _about(page: ListenerPage, status: Status, width: int) -> list[Line]:
    row, listener, figures = page.row, page.row.listener, page.row.figures
    tone = TONES[row.condition]
    since = ""
    if row.since is not None and row.condition == Condition.MUTED:
        since = f" until {words.clock(row.since)}"
    elif row.since is not None:
        since = f" for {words.age((status.now - row.since).total_seconds())}"
    condition: list[Line] = [[(f"{row.condition}{since}", tone)], *([[(row.note, "note")]] if row.note else [])]
    oldest = figures.oldest
    lines = [
        _labelled("State", condition, width),
        _labelled(
            "Queue",
            [
                [(words.number(figures.pending), "title"), (" pending", "")],
                *([[("oldest ", ""), (words.age((status.now - oldest).total_seconds()), "title")]] if oldest else []),
                [(f"{figures.in_flight}", "title"), (" in flight", "")],
            ],
            width,
        ),
        with_bars(_labelled(
            f"Last {words.age(figures.span)}",
            [
                [(f"{figures.delivered}", "title"), (" delivered", "")],
                [(f"{figures.failed} failed", "bad" if figures.failed else "dim")],
                [(f"{figures.dead} given up", "bad" if figures.dead else "dim")],
                [("p50 ", ""), (words.seconds(figures.p50), "title"), ("  p95 ", ""),
                 (words.seconds(figures.p95), "title")],
            ],
            width,
        ), figures, status, width),
        _labelled("Listens to", [[(f"{', '.join(listener.event_types)}", "")], [(listener.notifier_type_id, "dim")],
                                 [(listener.id, "dim")]], width),
    ]  # fmt: skip
    if row.error:
        lines.insert(1, [(f" {'Last error':<11}", "label"), (row.error, "bad" if tone == "bad" else "")])
    return lines


def _labelled(label: str, parts: list[Line], width: int) -> Line:
    return as_far_as_fit([[(f" {label:<11}", "label"), *parts[0]], *parts[1:]], width, "   ")


def _which(page: ListenerPage, view: View, width: int) -> Line:
    """What of its deliveries is listed."""
    kinds = [("all" if state is None else str(state), state == view.state) for state in (None, *State)]
    tabs: list[Piece] = [(" ", "")]
    for name, chosen in kinds:
        tabs += [(f"[{name}]" if chosen else f" {name} ", "title" if chosen else "dim")]
    where = "newest first" if not view.pages else f"page {len(view.pages) + 1}"
    parts: list[Line] = [tabs, [(where, "dim")]]
    if page.since is not None and not page.more:
        parts.append([(f"since {words.clock(page.since)}; o looks further back", "dim")])
    return as_far_as_fit(parts, width)


def _columns(page: ListenerPage, status: Status) -> list[Column[Delivery]]:
    def due(delivery: Delivery) -> str:
        wait = page.waits.get(delivery.id)
        return "-" if wait is None or wait.cause == WaitCause.ATTEMPT else next_attempt(wait, status)

    def detail(delivery: Delivery) -> Piece:
        wait = page.waits.get(delivery.id)
        text = delivery.detail.partition("\n")[0] or ("" if wait is None else wait.reason)
        return text, "" if delivery.state == State.PENDING else "dim"

    return [
        Column("EVENT", lambda each: words.age((status.now - each.event_time).total_seconds()) + " ago", 2, 9, 10),
        Column("STATE", state_of, 1, 9, 9),
        Column("TRIES", lambda each: f"{each.attempts}", 4, 5, 5, right=True),
        Column("NEXT", due, 3, 8, 8),
        Column("EVENT TYPE", lambda each: each.event_type, 5, 16, 20),
        Column("DETAIL", detail, 6, 12, 200),
        Column("TARGET", lambda each: each.target, 7, 16, 30),
        Column("ID", lambda each: each.id, 8, 38, 40),
    ]


def _row(table: list[tuple[Column[Delivery], int]], delivery: Delivery, chosen: bool) -> Line:
    line = [("> " if chosen else "  ", ""), *columns.line(table, delivery)]
    bad = delivery.state.failed
    return marked(line, "chosen bad" if bad else "chosen") if chosen else line


def _chosen(page: ListenerPage, view: View, status: Status) -> list[Line]:
    """A line on the chosen delivery: what it waits for, and what was said of it."""
    delivery = next((each for each in page.deliveries if view.delivery in (None, each.id)), None)
    if delivery is None:
        return [[("", "")]]
    wait, said = page.waits.get(delivery.id), delivery.detail.partition("\n")[0]
    parts = [] if wait is None else [wait.reason]
    if wait is not None and wait.until is not None:
        parts.append(f"next attempt {next_attempt(wait, status)}")
    text = "; ".join([*parts, said] if said else parts)
    return [[(f" {text or delivery.event_type}", "bad" if delivery.state.failed else "note" if wait else "")]]
