"""The first page: everything together, and a line for each listener."""

from __future__ import annotations

from dataclasses import dataclass

from pulp_events_cli.output.text import count
from pulp_events_cli.output.trend import ASCII, BLOCKS, trend
from pulp_events_cli.top import columns, words
from pulp_events_cli.top.columns import Column
from pulp_events_cli.top.lines import Line, Piece, as_far_as_fit, marked, width_of
from pulp_events_cli.top.model import Condition, Figures, Overview, Row, Sort
from pulp_events_cli.top.state import View
from pulp_events_cli.top.status import Status

TONES = {
    Condition.FAILING: "bad",
    Condition.STOPPED: "bad",
    Condition.WAITING: "note",
    Condition.MUTED: "note",
    Condition.DISABLED: "note",
    Condition.GOOD: "good",
    Condition.IDLE: "dim",
}
_MARGIN = 2
_FEWEST_BARS, _MOST_BARS = 8, 30
_SORTED_BY = {
    Sort.TROUBLE: "STATE", Sort.NAME: "LISTENER", Sort.PENDING: "PENDING", Sort.RATE: "RATE", Sort.FAILED: "FAIL",
    Sort.DEAD: "DEAD", Sort.SLOW: "P95",
}  # fmt: skip


@dataclass(frozen=True)
class Body:
    """The lines of a page between its first one and the status line."""

    lines: list[Line]
    room: int
    """How many lines of it move with the keys."""
    length: int = 0
    """Lines of its text, if it is one."""


def totals(overview: Overview, status: Status, width: int) -> list[Line]:
    """What is above the table, the most important first."""
    all_of_it, now = overview.totals, status.now
    conditions = overview.conditions
    bad = [each for each in (Condition.FAILING, Condition.STOPPED) if conditions[each]]
    mild = [each for each in (Condition.MUTED, Condition.DISABLED) if conditions[each]]
    listeners: list[Line] = [
        [(f"{len(overview.rows)}", "title")],
        *([(f"{conditions[each]} {each}", TONES[each])] for each in (*bad, *mild)),
    ]
    return [
        _labelled("Listeners", listeners, width),
        with_bars(_labelled(f"Last {words.age(all_of_it.span)}", _rates(all_of_it), width), all_of_it, status, width),
        _labelled("Queue", _queue(all_of_it, status), width),
        _labelled("Workers", _workers(overview, now.timestamp()), width),
    ]


def body(overview: Overview, view: View, status: Status, size: tuple[int, int], most_above: int | None = None) -> Body:
    """The page on a screen of (columns, lines). `most_above`: lines above the table; None: as many as look well."""
    width, height = size
    rows = overview.ordered(view.sort, view.reverse, view.wanted)
    head = totals(overview, status, width)
    head = head[: max(0, (height - 4) // 2) if most_above is None else most_above]
    note = _about(rows, view) if height >= 10 and view.listener is not None else []
    table = columns.chosen(_columns(status), width - _MARGIN)
    above: list[Line] = [*head, [("", "")]] if head else []
    room = max(1, height - len(above) - len(note) - 1)
    at = next((index for index, row in enumerate(rows) if row.id == view.listener), 0)
    first = columns.window(len(rows), at, room)
    heading = [("  ", ""), *_heading(table, view)]
    lines = [_row(table, row, row.id == view.listener) for row in rows[first : first + room]]
    if not rows:
        lines = [[("  " + _nothing(overview, view, status), "dim")]]
    lines += [[("", "")]] * (room - len(lines))
    return Body([*above, heading, *lines, *note], room)


def _labelled(label: str, parts: list[Line], width: int) -> Line:
    return as_far_as_fit([[(f" {label:<11}", "label"), *parts[0]], *parts[1:]], width, "   ")


def with_bars(line: Line, figures: Figures, status: Status, width: int) -> Line:
    """The line with bars for the parts of the span, where there is room."""
    room = min(_MOST_BARS, width - width_of(line) - 3)
    return [*line, ("   ", ""), (_bars(figures, room, status), "good")] if room >= _FEWEST_BARS else line


def _bars(figures: Figures, width: int, status: Status) -> str:
    """Without the last part, which is not over: it would always look like a fall."""
    parts = figures.series[:-1]
    return trend(parts, width, BLOCKS if status.unicode else ASCII) if any(parts) else ""


def _rates(figures: Figures) -> list[Line]:
    return [
        [(words.rate(figures.rate) if figures.delivered else "0/s", "title"), (" delivered", "")],
        [(f"{figures.failed}", "bad"), (f" failed ({words.percent(figures.failing)})", "")]
        if figures.failed
        else [("0 failed", "dim")],
        *([[("95% within ", ""), (words.seconds(figures.p95), "title")]] if figures.p95 is not None else []),
    ]


def _queue(figures: Figures, status: Status) -> list[Line]:
    parts: list[Line] = [[(words.number(figures.pending), "title"), (" pending", "")]]
    if figures.oldest is not None:
        parts.append([("oldest ", ""), (words.age((status.now - figures.oldest).total_seconds()), "title")])
    parts.append([(f"{figures.in_flight}", "title"), (" in flight", "")])
    parts.append([(f"{figures.dead} given up", "bad")] if figures.dead else [("0 given up", "dim")])
    return parts


def _workers(overview: Overview, now: float) -> list[Line]:
    there = overview.at_work
    if not there:
        gone = min((worker.silent for worker in overview.workers), default=None)
        since = "" if gone is None else f" for {words.age(gone)}"
        tone = "bad" if overview.totals.pending else "note"
        return [[(f"none seen{since}", tone)]]
    return [
        [(f"{len(there)}", "title")],
        *([(worker.name, ""), (f" {worker.in_flight} in flight", "dim")] for worker in there),
    ]


def _columns(status: Status) -> list[Column[Row]]:
    def state(row: Row) -> Piece:
        return _state(row, status), TONES[row.condition]

    def oldest(row: Row) -> str:
        moment = row.figures.oldest
        return "-" if moment is None else words.age((status.now - moment).total_seconds())

    return [
        Column("LISTENER", lambda row: (row.name, "title" if row.listener.name else ""), 1, 16, 28),
        Column("STATE", state, 2, 11, 14),
        Column("PENDING", lambda row: _some(row.figures.pending), 3, 7, 7, right=True),
        Column("OLDEST", oldest, 6, 6, 6, right=True),
        Column("RATE", lambda row: words.rate(row.figures.rate), 5, 6, 7, right=True),
        Column("FAIL", lambda row: _bad(words.percent(row.figures.failing)), 4, 4, 4, right=True),
        Column("DEAD", lambda row: _bad(_some(row.figures.dead)), 7, 4, 5, right=True),
        Column("P50", lambda row: words.seconds(row.figures.p50), 10, 5, 5, right=True),
        Column("P95", lambda row: words.seconds(row.figures.p95), 8, 5, 5, right=True),
        Column("NOW", lambda row: _some(row.figures.in_flight), 9, 3, 3, right=True),
        Column("TREND", lambda row: (_bars(row.figures, 16, status), "dim"), 13, 16, 16),
        Column("TYPE", lambda row: row.listener.notifier_type_id, 12, 6, 10),
        Column("LAST ERROR", lambda row: (row.error, "dim"), 11, 20, 200),
        Column("EVENT TYPES", lambda row: (", ".join(row.listener.event_types), "dim"), 14, 24, 40),
    ]


def _some(number: int) -> str:
    return words.number(number) if number else "-"


def _bad(text: str) -> Piece:
    return text, "" if text == "-" else "bad"


def _state(row: Row, status: Status) -> str:
    if row.since is None:
        return str(row.condition)
    if row.condition == Condition.MUTED:
        return f"muted {words.age((row.since - status.now).total_seconds() + 30)}"  # 29m59s are 30m
    return f"{row.condition} {words.age((status.now - row.since).total_seconds())}"


def _heading(table: list[tuple[Column[Row], int]], view: View) -> Line:
    """The one that is sorted by stands out."""
    line: list[Piece] = []
    for text, style in columns.heading(table):
        word = text.strip()
        if word and word == _SORTED_BY[view.sort]:
            before, _, after = text.partition(word)
            line += [(before, style), (word, "sorted"), (after, style)]
        else:
            line.append((text, style))
    return line


def _row(table: list[tuple[Column[Row], int]], row: Row, chosen: bool) -> Line:
    bad = TONES[row.condition] == "bad"
    line = [(">" if chosen else " ", ""), ("!" if bad else " ", "bad"), *columns.line(table, row)]
    return marked(line, "chosen bad" if bad else "chosen") if chosen else line


def _about(rows: list[Row], view: View) -> list[Line]:
    """A line on the chosen listener: what there is no room for in its row."""
    row = next((row for row in rows if row.id == view.listener), None)
    if row is None:
        return [[("", "")]]
    listener = row.listener
    parts: list[Piece] = []
    if row.condition == Condition.MUTED and listener.muted_until is not None:
        parts.append((f"muted until {words.clock(listener.muted_until)}", "note"))
    if row.note:
        parts.append((row.note, "note"))
    if row.error:
        parts.append((row.error, "bad" if row.condition == Condition.FAILING else ""))
    if not parts:
        parts.append((f"{listener.notifier_type_id}: {', '.join(listener.event_types)}", "dim"))
    line: list[Piece] = [(f" {row.name}: ", "title")]
    for number, part in enumerate(parts):
        line += [("; ", ""), part] if number else [part]
    return [line]


def _nothing(overview: Overview, view: View, status: Status) -> str:
    if status.read is None:
        return ""
    if overview.rows:
        return (
            f"none of {count(len(overview.rows), 'listener', 'listeners')} has {view.wanted.strip()!r}; Esc shows all"
        )
    return "there are no listeners; `pulp-admin event listener TYPE create` makes one"
