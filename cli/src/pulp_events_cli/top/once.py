"""The first page printed once, for pipes and programs."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, TextIO

from pulp_events.system.clock import from_timestamp
from pulp_events_cli.top import overview_page
from pulp_events_cli.top.frame import Data
from pulp_events_cli.top.lines import fit, spread
from pulp_events_cli.top.model import Figures, Overview, Row
from pulp_events_cli.top.painter import styler
from pulp_events_cli.top.status import Status

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events_cli.top.reading import Reading
    from pulp_events_cli.top.state import View

WIDTH = 120
"""Columns where there is no terminal."""


def show(bus: EventBus, reading: Reading, view: View, rows: int, stream: TextIO) -> None:
    """Print it as wide as the terminal is, or as `WIDTH`."""
    from pulp_events_cli.output.terminal import console, is_terminal
    from pulp_events_cli.top.app import unicode_on

    width = console(stream).width if is_terminal(stream) else WIDTH
    overview = reading.overview()
    now = from_timestamp(bus.clock.time())
    status = Status(now, now, unicode=unicode_on(stream), place=socket.gethostname())
    fitting = overview.ordered(view.sort, view.reverse, view.wanted)
    height = _ABOVE + max(1, min(rows, len(fitting)))
    body = overview_page.body(overview, view, status, (width, height), most_above=4)
    lines = [
        spread([(f" {status.title()}", "title")], [(now.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z "), "dim")], width)
    ]
    lines += [fit(line, width) for line in body.lines]
    if len(fitting) > rows:
        lines.append([(f"  {len(fitting) - rows} more; --rows {len(fitting)} prints all", "dim")])
    styled = styler(stream)
    text = "".join(f"{styled(line).rstrip()}\n" for line in lines)
    print(text.rstrip("\n"))


_ABOVE = 6
"""Lines of the page that are no rows: the totals, an empty one, the headings."""


def for_json(bus: EventBus, reading: Reading, view: View, rows: int) -> dict[str, Any]:
    """It for programs."""
    overview = reading.data(view, Data(Overview()), rows).overview
    fitting = overview.ordered(view.sort, view.reverse, view.wanted)
    return {
        "time": from_timestamp(bus.clock.time()),
        "span": overview.totals.span,
        "totals": _figures(overview.totals),
        "workers": [
            {"name": each.name, "silent": round(each.silent, 3), "gone": each.gone, "in_flight": each.in_flight}
            for each in overview.workers
        ],
        "listeners": [_row(row) for row in fitting[:rows]],
        "listeners_in_all": len(overview.rows),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.listener.name,
        "notifier_type_id": row.listener.notifier_type_id,
        "condition": str(row.condition),
        "since": row.since,
        "error": row.error,
        "reason": row.note or None,
        **_figures(row.figures),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "pending": figures.pending,
        "in_flight": figures.in_flight,
        "oldest_pending": figures.oldest,
        "delivered": figures.delivered,
        "failed": figures.failed,
        "given_up": figures.dead,
        "p50": figures.p50,
        "p95": figures.p95,
        "series": list(figures.series),
    }
