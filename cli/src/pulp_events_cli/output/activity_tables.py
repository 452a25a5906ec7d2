"""The columns of `delivery stats --since`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulp_events_cli.output.id_kinds import LISTENER
from pulp_events_cli.output.kinds import MOMENT, TEXT, Kind
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.trend import Trends

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.activity import Activities, Activity
    from pulp_events.outbox.histogram import Histogram

DELETED = "(deleted)"
_UNITS = (("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86400.0))


@dataclass(frozen=True)
class Row:
    """What happened, and of whom it is told."""

    key: str
    activity: Activity
    seconds: float
    """Of the span."""


class Rates(Kind):
    """How often something happens, per second: in the unit in which it is at least once."""

    def whole(self, value: float) -> str:
        if not value:
            return "0"
        unit, seconds = next((each for each in _UNITS if value * each[1] >= 1), _UNITS[-1])
        return f"{value * seconds:.3g}/{unit}" if value * seconds < 1000 else f"{value * seconds:.0f}/{unit}"


class Shares(Kind):
    """Parts of a whole, in percent."""

    def whole(self, value: float) -> str:
        return "0 %" if not value else "<0.1 %" if value < 0.001 else f"{value:.1%}".replace("%", " %")


class Durations(Kind):
    """Seconds, with as many digits as are known of them."""

    def whole(self, value: float | None) -> str:
        return "-" if value is None else f"{value:.2g}" if value < 100 else f"{value:.0f}"


class Notifiers(Kind):
    """Notifier types; that of listeners that were deleted is not known."""

    def whole(self, value: str) -> str:
        return value or DELETED

    def levels(self, values: Sequence[str], bus: EventBus | None) -> list[list[str]]:
        return [list(map(self.whole, values))]


def _table(what: str, key: Column, trend: bool) -> Table:
    return Table(
        what,
        key,
        Column("rate", lambda row: _rate(row), kind=Rates(), rank=4, right=True, largest_first=True),
        Column("delivered", lambda row: row.activity.delivered, rank=3, right=True, brief_heading="DELIV",
               largest_first=True),
        Column("failed", lambda row: row.activity.failed, rank=1, right=True, largest_first=True),
        Column("failing", lambda row: row.activity.failing, kind=Shares(), rank=2, right=True, largest_first=True),
        Column("dead", lambda row: row.activity.dead, rank=3, right=True, largest_first=True),
        Column("p50", lambda row: row.activity.seconds.quantile(0.5), heading="P50 S", kind=Durations(), rank=6,
               right=True, largest_first=True),
        Column("p95", lambda row: row.activity.seconds.quantile(0.95), heading="P95 S", kind=Durations(), rank=5,
               right=True, largest_first=True),
        Column("pending", lambda row: row.activity.pending, rank=3, right=True, largest_first=True),
        Column("oldest", lambda row: row.activity.oldest_pending, heading="OLDEST PENDING", brief_heading="OLDEST",
               kind=MOMENT, rank=7),
        Column("trend", lambda row: [each.delivered + each.failed for each in row.activity.series], kind=Trends(),
               rank=3, extra=not trend, largest_first=True),
        Column("discarded", lambda row: row.activity.discarded, right=True, extra=True, largest_first=True),
        Column("attempts", lambda row: sum(row.activity.attempts.values()), right=True, extra=True, largest_first=True),
        Column("under_way", lambda row: row.activity.under_way, right=True, extra=True, largest_first=True),
        Column("delay_p50", lambda row: row.activity.delay.quantile(0.5), kind=Durations(), right=True, extra=True,
               largest_first=True),
        Column("delay_p95", lambda row: row.activity.delay.quantile(0.95), kind=Durations(), right=True, extra=True,
               largest_first=True),
        Column("failures", lambda row: [each.failed for each in row.activity.series], kind=Trends(), extra=True,
               largest_first=True),
    )  # fmt: skip


def _rate(row: Row) -> float:
    return row.activity.delivered / row.seconds if row.seconds else 0.0


_KEYS: Mapping[str, tuple[str, Kind]] = {
    "listener": ("listeners", LISTENER),
    "notifier": ("notifier types", Notifiers()),
    "event-type": ("event types", TEXT),
}


def table(by: str, terminal: bool = True) -> Table:
    """The columns for what is kept apart by `by`. `terminal`: a person looks at it, so that there are trends."""
    what, kind = _KEYS[by]
    key = Column(by.replace("-", "_"), lambda row: row.key, kind=kind, rank=0, least=10, cut_start=by == "event-type")
    return _table(what, key, terminal)


COLUMNS = Table("rows", *(column for name, column in table("listener").columns.items() if name != "listener"))
"""Those that each of them has."""


def rows(found: Activities) -> list[Row]:
    """A row for each group."""
    return [Row(key, each, found.span.seconds) for key, each in found.groups.items()]


def for_json(row: Row) -> dict[str, Any]:
    """What happened, as JSON has it."""
    it = row.activity
    return {
        "attempts": {str(outcome): count for outcome, count in sorted(it.attempts.items())},
        "delivered": it.delivered,
        "failed": it.failed,
        "failing": round(it.failing, 6),
        "rate": round(_rate(row), 6),
        "dead": it.dead,
        "discarded": it.discarded,
        "seconds": _quantiles(it.seconds),
        "delay": _quantiles(it.delay),
        "pending": it.pending,
        "under_way": it.under_way,
        "oldest_pending": it.oldest_pending,
        "series": [{"start": each.start, "delivered": each.delivered, "failed": each.failed} for each in it.series],
    }


def _quantiles(histogram: Histogram) -> dict[str, float | None]:
    return {
        name: None if (found := histogram.quantile(share)) is None else float(f"{found:.3g}")
        for name, share in (("p50", 0.5), ("p95", 0.95))
    }
