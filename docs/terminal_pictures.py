"""Pictures of what a terminal shows, as SVG: made of records, so that they are the same whenever they are made.

python docs/terminal_pictures.py        writes docs/pictures/top*.svg, delivery-list*.svg and -stats.svg
"""

from __future__ import annotations

import io
import os
import re
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from pulp_events.bus.wait_cause import WaitCause, WaitingFor
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.activity import Activity, Point
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.histogram import Histogram, bucket_of
from pulp_events.outbox.states import Outcome, State, Transition
from pulp_events_cli.output import activity_tables, delivery_tables, listing
from pulp_events_cli.output.table import Table
from pulp_events_cli.top.frame import Data, frame
from pulp_events_cli.top.lines import STYLES, Line
from pulp_events_cli.top.model import Condition, Figures, ListenerPage, Overview, Row, Worker
from pulp_events_cli.top.state import Page, View
from pulp_events_cli.top.status import Status

FOLDER = Path(__file__).parent / "pictures"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SIZE = (80, 24)
# No font is fetched from anywhere: whatever monospaced one the reader has.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace("Fira Code, ", "")


def ago(**span: float) -> datetime:
    """So long before now."""
    return NOW - timedelta(**span)


def row(number: int, name: str, types: str, condition: Condition, figures: Figures, **more: object) -> Row:
    """A listener."""
    listener = Listener(f"6b05563ceaff9c79{number:08x}", "http", {}, (types,), ("",), ago(days=9), NOW, name=name)
    return Row(listener, figures, condition, **more)  # type: ignore[arg-type]


def scene() -> tuple[Data, View, View]:
    """Seven listeners, one of which fails: the data, and the views of the list and of that one."""
    wave = (40, 44, 39, 52, 61, 58, 43, 38, 47, 66, 71, 64, 49, 45, 51, 9)
    failing = Figures(
        184, 1, ago(minutes=24), 12, 61, 2, 900.0, 0.4, 95.0, (3, 9, 8, 6, 5, 6, 6, 5, 6, 4, 5, 4, 2, 2, 2)
    )
    mirror = row(
        1, "mirror-eu", "repo.sync.*", Condition.FAILING, failing,
        since=ago(minutes=24), error="503 Service Unavailable: maintenance until 23:00",
    )  # fmt: skip
    good = Figures(0, 1, None, 512, 0, 0, 900.0, 0.03, 0.18, wave)
    rows = [
        row(2, "ci-builds", "repo.*.*", Condition.GOOD, good),
        mirror,
        row(3, "audit-archive", "#", Condition.GOOD, Figures(9, 2, ago(seconds=21), 188, 3, 0, 900.0, 4.1, 19.0, wave)),
        row(4, "staging", "repo.publish.*", Condition.MUTED, Figures(77, 0, ago(hours=2)), since=ago(minutes=-41),
            note="moving to new hardware"),
        row(5, "old-dashboard", "#", Condition.DISABLED, Figures(), note="replaced by ci-builds"),
        row(6, "release-team", "repo.publish.finish", Condition.GOOD, Figures(0, 0, None, 14, 0, 0, 900.0, 0.9, 1.4)),
        row(7, "billing", "repo.publish.finish", Condition.IDLE, Figures()),
    ]  # fmt: skip
    totals = Figures(270, 4, ago(hours=2), 726, 64, 2, 900.0, 0.1, 6.5, wave)
    workers = [Worker("web1:4711", 3.0, False, 3), Worker("web2:977", 12.0, False, 1)]
    words = (("attempt 3 of 8 failed", 7), ("attempt 2 of 8 failed", 3), ("several attempts failed in a row", 1))
    deliveries, waits = [], {}
    for number in range(9):
        state, tries = (State.DEAD, 8) if number == 7 else (State.PENDING, 3 - number // 3)
        reason, minutes = words[min(2, number // 3)]
        one = Delivery(
            f"01a20cd8-e237-7da6-ad9a-845ab91d{number:04x}.0", "01a20cd8", "repo.sync.finish",
            ago(minutes=3 * number + 1), "web1", b"{}", mirror.id, "", state, tries,
            lease="x" if number == 2 else None, detail="503 Service Unavailable: maintenance until 23:00",
        )  # fmt: skip
        deliveries.append(one)
        if state == State.PENDING and number != 2:
            waits[one.id] = WaitingFor(WaitCause.RETRY, reason, NOW + timedelta(minutes=minutes))
    page = ListenerPage(mirror, deliveries, waits)
    return (
        Data(Overview(totals, rows, workers), page),
        View(listener=mirror.id),
        View(Page.LISTENER, listener=mirror.id),
    )


def listener_id(number: int) -> str:
    """Of a listener that was made on another day than the others."""
    return f"{0x6B05563C + 86400 * number:08x}eaff9c79{number:08x}"


def table() -> list[delivery_tables.Row]:
    """Some deliveries: made, dead, and pending for several reasons."""
    said = "503 Service Unavailable: maintenance until 23:00"
    found = []
    for minutes, number, word, listener, state, tries, detail, cause in (
        (0.2, 0, "sync.start", 2, State.PENDING, 0, "", None),
        (1.9, 1, "sync.finish", 1, State.PENDING, 1, said, WaitCause.RETRY),
        (1.9, 0, "sync.finish", 2, State.DELIVERED, 1, "200 OK", None),
        (9.1, 1, "publish.finish", 4, State.PENDING, 0, "", WaitCause.MUTE),
        (9.1, 0, "publish.finish", 2, State.DELIVERED, 2, "200 OK", None),
        (31, 1, "sync.finish", 3, State.DEAD, 8, "404 Not Found: no such hook", None),
        (31, 0, "sync.finish", 1, State.DELIVERED, 1, "200 OK", None),
        (95, 0, "publish.start", 1, State.DELIVERED, 1, "200 OK", None),
    ):
        time_of = f"{int(ago(minutes=minutes).timestamp() * 1000):012x}"
        event_id = f"{time_of[:8]}-{time_of[8:]}-7da6-ad9a-845ab91d4c2e"
        one = Delivery(
            f"{event_id}.{number}", event_id, f"repo.{word}", ago(minutes=minutes), "web1", b"{}",
            listener_id(listener), "", state, tries, detail=detail,
        )  # fmt: skip
        why = f"attempt {tries} of 8 failed" if cause == WaitCause.RETRY else "the listener is muted"
        waiting = None if cause is None else WaitingFor(cause, why, NOW + timedelta(minutes=4 * tries + 41))
        found.append(delivery_tables.Row(one, waiting=waiting))
    return found


def happened() -> list[activity_tables.Row]:
    """What happened in a day to the deliveries of four listeners."""
    wave = [40, 44, 39, 52, 61, 58, 43, 38, 47, 66, 71, 64, 49, 45, 51, 48, 44, 40, 38, 35, 41, 47, 52, 55, 21]
    found = []
    for number, failures, seconds, delay, pending, oldest, dead in (
        (1, [0] * 19 + [18, 31, 44, 40, 37, 12], 2.9, 310.0, 184, ago(hours=5, minutes=20), 12),
        (3, [n // 20 for n in wave], 4.1, 19.0, 9, ago(seconds=21), 0),
        (2, [0] * 25, 0.06, 0.2, 0, None, 0),
        (4, [0] * 25, 0.4, 0.9, 1, ago(minutes=2), 0),
    ):
        made = [max(0, each - bad) for each, bad in zip(wave, failures, strict=True)]
        start = NOW - timedelta(hours=24)
        both = enumerate(zip(made, failures, strict=True))
        found.append(
            activity_tables.Row(
                listener_id(number),
                Activity(
                    {Outcome.DELIVERED: sum(made), Outcome.TIMEOUT: sum(failures)},
                    {Transition.GIVE_UP: dead} if dead else {},
                    Histogram({bucket_of(seconds / 3): 90, bucket_of(seconds): 10}),
                    Histogram({bucket_of(delay): sum(made)}),
                    [Point(start + timedelta(hours=at), *each) for at, each in both],
                    pending,
                    0,
                    oldest,
                ),
                86400.0,
            )
        )
    return found


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def listed(table: Table, rows: Sequence[Any], width: int) -> list[Text]:
    """What a command that lists something shows on a terminal so wide."""
    names = {1: "mirror-eu", 2: "ci-builds", 3: None, 4: "staging"}
    known = [SimpleNamespace(id=listener_id(number), name=name) for number, name in names.items()]
    bus: Any = SimpleNamespace(
        listeners=SimpleNamespace(list=lambda: known, keeps_history=False),
        events=SimpleNamespace(each=lambda query: iter(())),
        outbox=SimpleNamespace(beside=lambda ids: []),
    )
    out = _Terminal()
    screen = {"COLUMNS": str(width), "TERM": "xterm-256color", "NO_COLOR": "", "COLORTERM": ""}
    with redirect_stdout(out), mock.patch.dict(os.environ, screen):
        listing.show(table, bus, rows)
    return [Text.from_ansi(line) for line in out.getvalue().splitlines()]


def svg(lines: Sequence[Text], title: str, width: int = SIZE[0], unique_id: str = "top") -> str:
    """The screen as a picture."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(line, no_wrap=True)
    text = console.export_svg(title=title, theme=SVG_EXPORT_THEME, code_format=FORMAT, unique_id=unique_id)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def styled(lines: Sequence[Line]) -> list[Text]:
    """The lines of a full-screen view."""
    return [Text.assemble(*((text, STYLES.get(style, "")) for text, style in line)) for line in lines]


def pictures() -> dict[str, str]:
    """File name → picture."""
    data, first, second = scene()
    status = Status(NOW, NOW, place="web1")
    views = {
        f"{name}.svg": svg(styled(frame(data, view, status, SIZE).lines), "pulp-admin event top")
        for name, view in (("top", first), ("top-listener", second))
    }
    lists = {
        f"{name}.svg": svg(
            listed(delivery_tables.DELIVERIES, table(), width), "pulp-admin event delivery list", width, name
        )
        for name, width in (("delivery-list", 80), ("delivery-list-narrow", 40))
    }
    command = "pulp-admin event delivery stats --since 1d --sort failing"
    stats = {
        "delivery-stats.svg": svg(listed(activity_tables.table("listener"), happened(), 120), command, 120, "stats")
    }
    return views | lists | stats


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    time.tzset()
    for name, text in pictures().items():
        (FOLDER / name).write_text(text, "utf-8")
        sys.stdout.write(f"written docs/pictures/{name}\n")
