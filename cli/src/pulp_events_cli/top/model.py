"""What is shown: records made of what the bus says, and the order in which listeners stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from pulp_events.bus.wait_cause import WaitingFor
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Attempt, Delivery


@dataclass(frozen=True)
class Figures:
    """What happened to deliveries to one listener, or to all of them, in a span of time, and what waits now."""

    pending: int = 0
    """Now, those in flight too."""
    in_flight: int = 0
    """Being attempted now."""
    oldest: datetime | None = None
    """Time of the oldest event that still waits."""
    delivered: int = 0
    failed: int = 0
    """Attempts that did not deliver."""
    dead: int = 0
    """Deliveries that were given up."""
    span: float = 900.0
    """Seconds in which that happened."""
    p50: float | None = None
    """Seconds from the event to its delivery, which half of the deliveries did not exceed."""
    p95: float | None = None
    series: tuple[int, ...] = ()
    """Deliveries and failures in equal parts of the span, the oldest first."""

    @property
    def rate(self) -> float:
        """Deliveries made a second."""
        return self.delivered / self.span if self.span > 0 else 0.0

    @property
    def failing(self) -> float:
        """Attempts that failed, of all that were made; 0 to 1."""
        return self.failed / (self.delivered + self.failed) if self.failed else 0.0


class Condition(StrEnum):
    """How a listener is. The worst first: by that they are sorted."""

    FAILING = "failing"
    """its last attempt failed"""
    STOPPED = "stopped"
    """the dispatcher disabled it"""
    WAITING = "waiting"
    """something is pending, and nothing was tried or failed yet"""
    MUTED = "muted"
    DISABLED = "disabled"
    GOOD = "ok"
    IDLE = "idle"
    """nothing was delivered to it lately, and nothing waits"""


_WORST = {each: number for number, each in enumerate(Condition)}


@dataclass(frozen=True)
class Row:
    """A listener."""

    listener: Listener
    figures: Figures
    condition: Condition
    since: datetime | None = None
    """Since when it fails, or until when it is muted."""
    error: str = ""
    """Detail of its last attempt, if that failed."""
    note: str = ""
    """Why it is muted or disabled, if somebody said so."""

    @property
    def id(self) -> str:
        """The listener's."""
        return self.listener.id

    @property
    def name(self) -> str:
        """What it is called: its name, else its id."""
        return self.listener.name or self.listener.id


@dataclass(frozen=True)
class Worker:
    """A process that makes deliveries, or made some until it was gone."""

    name: str
    """Host and process id."""
    silent: float
    """Seconds since it was last seen."""
    gone: bool = False
    in_flight: int = 0
    """When it was last seen."""


@dataclass(frozen=True)
class Overview:
    """Everything together, and each listener."""

    totals: Figures = field(default_factory=Figures)
    rows: Sequence[Row] = ()
    workers: Sequence[Worker] = ()
    """Those that are at work, then those that are gone."""

    _orders: dict[tuple[Sort, bool, str], list[Row]] = field(default_factory=dict, repr=False, compare=False)

    def ordered(self, sort: Sort, reverse: bool = False, wanted: str = "") -> list[Row]:
        """`ordered` of its rows, sorted once however often it is shown."""
        key = sort, reverse, wanted
        if key not in self._orders:
            self._orders[key] = ordered(self.rows, *key)
        return self._orders[key]

    @cached_property
    def conditions(self) -> Counter[Condition]:
        """How many listeners are in each."""
        return Counter(row.condition for row in self.rows)

    @property
    def at_work(self) -> list[Worker]:
        """The workers that are not gone."""
        return [worker for worker in self.workers if not worker.gone]


@dataclass(frozen=True)
class ListenerPage:
    """A listener and its deliveries, newest first."""

    row: Row
    deliveries: Sequence[Delivery] = ()
    waits: Mapping[str, WaitingFor] = field(default_factory=dict)
    """Delivery id → what it waits for."""
    since: datetime | None = None
    """Only deliveries of events of this moment and later were looked for; None: all of them."""
    more: bool = False
    """There may be older ones."""


@dataclass(frozen=True)
class DeliveryPage:
    """A delivery with its attempts."""

    delivery: Delivery
    attempts: Sequence[Attempt] = ()
    listener: str = ""
    """What its listener is called."""
    wait: WaitingFor | None = None
    """What it waits for."""


class Sort(StrEnum):
    """What listeners are sorted by."""

    TROUBLE = "trouble"
    NAME = "name"
    PENDING = "pending"
    RATE = "rate"
    FAILED = "failed"
    DEAD = "dead"
    SLOW = "slow"

    def next(self) -> Sort:
        """The one after it."""
        every: list[Sort] = list(Sort)
        return every[(every.index(self) + 1) % len(every)]


def condition_of(listener: Listener, figures: Figures, failing: bool, succeeded: bool, now: datetime) -> Condition:
    """How it is. `failing`: its last attempt failed; `succeeded`: it had a delivery lately."""
    if not listener.enabled:
        return Condition.STOPPED if failing and listener.disabled_reason else Condition.DISABLED
    if listener.muted_for(now.timestamp()):
        return Condition.MUTED
    if failing:
        return Condition.FAILING
    if figures.delivered or succeeded and not figures.pending:
        return Condition.GOOD
    return Condition.WAITING if figures.pending else Condition.IDLE


def fits(row: Row, text: str) -> bool:
    """Whether the listener has all words of the text in its name, id, type, labels, event types, condition or error."""
    listener = row.listener
    labels = [f"{key}={value}" for key, value in listener.labels.items()]
    has = " ".join(
        [row.name, row.id, listener.notifier_type_id, row.condition, *listener.event_types, *labels, row.error]
    )
    return all(word in has.casefold() for word in text.casefold().split())


def ordered(rows: Sequence[Row], sort: Sort, reverse: bool = False, wanted: str = "") -> list[Row]:
    """Those that fit `wanted`, sorted; what is equal stands by name.

    Trouble is compared roughly, by powers of two, so that rows do not change places at each reading.
    """
    found = [row for row in rows if fits(row, wanted)] if wanted.strip() else [*rows]
    found.sort(key=lambda row: row.name.casefold())
    keys = {
        Sort.TROUBLE: lambda row: (_WORST[row.condition], -row.figures.pending.bit_length()),
        Sort.NAME: lambda row: row.name.casefold(),
        Sort.PENDING: lambda row: -row.figures.pending,
        Sort.RATE: lambda row: -row.figures.rate,
        Sort.FAILED: lambda row: (-row.figures.failing, -row.figures.failed),
        Sort.DEAD: lambda row: -row.figures.dead,
        Sort.SLOW: lambda row: -(row.figures.p95 or 0.0),
    }
    found.sort(key=keys[sort], reverse=reverse)
    return found
