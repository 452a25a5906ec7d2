"""The columns of `delivery list`, and of the attempts in `delivery show`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pulp_events_cli.output.id_kinds import DELIVERY_ID, EVENT_ID, LISTENER
from pulp_events_cli.output.kinds import DETAIL, MOMENT, Kind, Numbers
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.text import first_line

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.bus.wait_cause import WaitingFor
    from pulp_events.outbox.delivery import Delivery


NOW = "now"
_DAY = timedelta(days=1)
_MONTHS = timedelta(days=300)
"""Within these, a day without its year is that of this year or the next."""


@dataclass(frozen=True)
class Row:
    """A delivery, and what has to be looked up for it."""

    delivery: Delivery
    erased: bool = False
    """Whether its event was erased."""
    waiting: WaitingFor | None = None
    """What it waits for, if it is pending."""


def rows(bus: EventBus, deliveries: Sequence[Delivery]) -> list[Row]:
    """Look it up for all of them at once."""
    erased = erased_among(bus, deliveries)
    waiting = bus.deliveries.waiting_for(deliveries)
    return [Row(each, each.id in erased, waiting.get(each.id)) for each in deliveries]


def erased_among(bus: EventBus, deliveries: Sequence[Delivery]) -> set[str]:
    """Ids of those whose event was erased."""
    from pulp_events.outbox.records import DeliveryQuery

    ids = [each.id for each in deliveries]
    return (
        {each.id for each in bus.deliveries.list(DeliveryQuery(ids=ids, erased=True), limit=len(ids))} if ids else set()
    )


class NextAttempts(Kind):
    """When deliveries are attempted next, of what they wait for: a time, or `now`.

    In the shortest form, `08:41` is the next time that a clock shows so. `clock`: gives the time of now.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def whole(self, value: WaitingFor | None) -> str:
        return _next(value, MOMENT.whole(None if value is None else value.until))

    def levels(self, values: Sequence[WaitingFor | None], bus: EventBus | None) -> list[list[str]]:
        moments = [None if each is None else each.until for each in values]
        found = MOMENT.levels(moments, bus)
        now = self._clock()
        found.append([_brief(moment, text, now) for moment, text in zip(moments, found[-1], strict=True)])
        return [list(map(_next, values, texts)) for texts in found]

    def keys(self, values: Sequence[WaitingFor | None], bus: EventBus | None) -> list[Any]:
        return [None if each is None else 0 if each.at_once else each.until for each in values]


def _brief(moment: datetime | None, text: str, now: datetime) -> str:
    if moment is None:
        return text
    soon = moment - now < _DAY
    return moment.astimezone().strftime("%H:%M" if soon else "%m-%d") if moment - now < _MONTHS else text


def _next(waiting: WaitingFor | None, moment: str) -> str:
    return NOW if waiting is not None and waiting.at_once else moment


class Waits(Kind):
    """What deliveries wait for: in words, and where there is no room, in a word."""

    def whole(self, value: WaitingFor | None) -> str:
        return "-" if value is None else f"{value.cause}: {value.reason}"

    def levels(self, values: Sequence[WaitingFor | None], bus: EventBus | None) -> list[list[str]]:
        return [list(map(self.whole, values)), ["-" if each is None else each.cause for each in values]]

    def keys(self, values: Sequence[WaitingFor | None], bus: EventBus | None) -> list[Any]:
        return [None if each is None else self.whole(each) for each in values]


def _rank_of_target(rows: Sequence[Row]) -> int:
    """Where deliveries of one event to one listener differ by it, their targets tell them apart."""
    together = Counter((each.delivery.event_id, each.delivery.listener_id) for each in rows)
    return 4 if any(number > 1 for number in together.values()) else 6


DELIVERIES = Table(
    "deliveries",
    Column("id", lambda row: row.delivery.id, kind=DELIVERY_ID, rank=0),
    Column("time", lambda row: row.delivery.event_time, kind=MOMENT, rank=6),
    Column("event_type", lambda row: row.delivery.event_type, rank=5, least=10, cut_start=True),
    Column("listener", lambda row: row.delivery.listener_id, kind=LISTENER, rank=3, least=10),
    Column("target", lambda row: row.delivery.target, rank=4, rank_in=_rank_of_target, least=20),
    Column("state", lambda row: row.delivery.state, rank=1),
    Column("erased", lambda row: "yes" if row.erased else None, rank=3),
    Column("attempts", lambda row: row.delivery.attempts, rank=7, brief_heading="ATT", right=True),
    # What people ask of pending deliveries; of others there is nothing in them, and no column.
    Column("next", lambda row: row.waiting, kind=NextAttempts(lambda: datetime.now(UTC)), rank=2),
    Column("waits_for", lambda row: row.waiting, kind=Waits(), rank=2, brief_heading="WAITS"),
    Column("detail", lambda row: first_line(row.delivery.detail), kind=DETAIL, rank=4, least=18),
    Column("event_id", lambda row: row.delivery.event_id, kind=EVENT_ID, extra=True),
    Column("source", lambda row: row.delivery.source, least=12, extra=True),
    Column("finished", lambda row: row.delivery.finished, kind=MOMENT, extra=True),
    Column("expires", lambda row: row.delivery.expires, kind=MOMENT, extra=True),
    Column("repeat_of", lambda row: row.delivery.repeat_of, kind=DELIVERY_ID, extra=True),
)

ATTEMPTS = Table(
    "attempts",
    Column("attempt", lambda each: each.number, rank=0, brief_heading="NO", right=True),
    Column("started", lambda each: each.started, kind=MOMENT, rank=2),
    Column("seconds", lambda each: each.duration, kind=Numbers(3), rank=4, right=True),
    Column("outcome", lambda each: each.outcome, rank=1),
    Column("retry_at", lambda each: each.retry_at, kind=MOMENT, rank=5),
    Column("detail", lambda each: first_line(each.detail), kind=DETAIL, rank=3, least=12),
)
