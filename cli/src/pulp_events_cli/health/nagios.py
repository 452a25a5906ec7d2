"""The line that Nagios, Icinga and whoever else runs its plugins read, and its exit codes.

Monitoring Plugins Development Guidelines: one line `SERVICE STATUS - text | performance data`, and 0 OK, 1 WARNING,
2 CRITICAL, 3 UNKNOWN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.visible import one_line

if TYPE_CHECKING:
    from pulp_events.health.answer import ServiceHealth

SERVICE = "PULP EVENTS"
CODES = {"ok": 0, "degraded": 1, "failing": 2, "unknown": 3}
_WORDS = {"ok": "OK", "degraded": "WARNING", "failing": "CRITICAL", "unknown": "UNKNOWN"}
_LONGEST = 1000
"""Characters of the text: old versions read a kilobyte or so more."""


def line(health: ServiceHealth, text: str, now: float, max_pending: int | None) -> str:
    """The whole line; `text` says how it is when nothing is wrong. `now`: seconds since the epoch."""
    said = "; ".join(each.text for each in health.troubles) or text
    return f"{start(health.status, said)} | {_performance(health, now, max_pending)}"


def start(status: str, text: str) -> str:
    """The line without performance data, which is after the `|`."""
    shown = one_line(text).replace("|", "/")
    return f"{SERVICE} {_WORDS[status]} - {shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + '…'}"


def _performance(health: ServiceHealth, now: float, max_pending: int | None) -> str:
    """`'label'=value[unit];warning;critical;minimum` of what was looked at."""
    oldest = 0.0 if health.oldest_pending is None else max(0.0, now - health.oldest_pending.timestamp())
    away = {each.code for each in health.troubles} & {"outbox", "listeners"}
    outbox, listeners = "outbox" not in away, "listeners" not in away
    figures = [_figure("processes", health.delivering, outbox)] if health.live is not None else []
    if health.ready is not None or health.degraded is not None:
        figures += [
            _figure("pending", health.pending, outbox, warning="" if max_pending is None else str(max_pending)),
            _figure("oldest", oldest, outbox, "s"),
            _figure("dead", health.dead, outbox),
            _figure("listeners", health.listeners, listeners),
        ]
    if health.degraded is not None:
        figures += [
            _figure("overdue", health.overdue, not away),
            _figure("overdue_for", health.overdue_for, not away, "s"),
            _figure("failing", health.failing, not away),
            _figure("disabled", health.disabled, not away),
        ]
    return " ".join(figures)


def _figure(label: str, value: float, known: bool, unit: str = "", warning: str = "") -> str:
    """`U`: "the actual value couldn't be determined" (guidelines, performance data); a 0 would be one of a graph."""
    return f"{label}={f'{value:.0f}{unit}' if known else 'U'};{warning};;0"
