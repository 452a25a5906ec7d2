"""Stores what attempts came to, those of all listeners together, and what follows from it."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from pulp_events.dispatcher.attempt_log import AttemptLog
from pulp_events.dispatcher.health import HealthWatch
from pulp_events.dispatcher.holds import Holds
from pulp_events.dispatcher.judged import Judged
from pulp_events.dispatcher.renewal import same
from pulp_events.dispatcher.retry import SHORTEST_PAUSE, Follow, follow, soon
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.verdict import shorten
from pulp_events.dispatcher.watch import AttemptWatch
from pulp_events.errors import StoreError, StoreTooNew
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.records import Result
from pulp_events.outbox.states import Outcome, Transition, entered, following
from pulp_events.outbox.store import Outbox
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.logs import get_logger

RECORD_SECONDS = 0.2
"""Results are stored at the latest after this long, and at once when nothing more is due: a transaction for each would
take longer than the deliveries."""
MOST_RESULTS = 400
"""Results that are stored in one transaction."""
STORE_RETRY = 1.0
"""Seconds after which results are stored again, where the outbox could not be written."""

EXPIRES_FIRST = "it expires before the next attempt"
"""Why nothing follows an attempt that would otherwise be followed by another."""

_logger = get_logger(__name__)


class Recorder:
    """Threads add what they judged; whoever has nothing better to do stores it.

    `patience`: seconds for which storing is tried again while the outbox cannot be written; None: until the dispatcher
    is stopped. Meanwhile it is `blocked`, and nothing more is sent: each delivery would be made again later.
    `on_recorded(results)` is called with what was stored.
    """

    def __init__(
        self,
        outbox: Outbox,
        settings: Settings,
        watch: AttemptWatch,
        clock: Clock,
        dice: random.Random,
        health: HealthWatch,
        stopping: threading.Event,
        record_of: Callable[[str], Listener | None],
        known_as: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`record_of(listener_id)`: a listener's record as it is now. `known_as()`: see `Hold.by`."""
        self._record_of = record_of
        self.holds: Holds = Holds(outbox, clock, known_as)
        self._outbox = outbox
        self._delivery = settings.section("delivery")
        self._max_age = self._delivery["max_age"]
        self.watch = watch
        self._clock = clock
        self._dice = dice
        self._health = health
        self._stopping = stopping
        self.patience: float | None = None
        self.on_recorded: Callable[[Sequence[Result]], None] = lambda results: None
        self.blocked: bool = False
        self.hindrance: StoreError | None = None
        """Why results could not be stored when that was last tried; None where they could."""
        self.delivered: int = 0
        self.failed: int = 0
        """Attempts that were recorded since it began: those that delivered, and the others."""
        self._judged: deque[Judged] = deque()
        self._oldest = 0.0
        self._storing = threading.Lock()
        self._log = AttemptLog(clock, logs_all=bool(self._delivery["log_attempts"]))
        self.recorded: threading.Condition = threading.Condition()
        """Notified after each time that results were stored."""

    @property
    def too_new(self) -> StoreTooNew | None:
        """The hindrance, where a newer release changed the tables while this process was at work: it stays."""
        return self.hindrance if isinstance(self.hindrance, StoreTooNew) else None

    def add(self, judged: Judged) -> None:
        """Keep this until it is stored."""
        if not self._judged:
            self._oldest = time.monotonic()
        self._judged.append(judged)

    @property
    def due(self) -> bool:
        """True if what was added is to be stored now."""
        count = len(self._judged)
        return count > 0 and (count >= MOST_RESULTS or time.monotonic() - self._oldest >= RECORD_SECONDS)

    def sum_up(self, *, all: bool = False) -> None:
        """Log how many more failures there were like those that were logged."""
        self._log.sum_up(all=all)

    @property
    def has_results(self) -> bool:
        """True if anything that was added is not stored, or being stored, yet."""
        return bool(self._judged)

    @property
    def busy(self) -> bool:
        """True while anything is not stored yet."""
        return bool(self._judged) or self._storing.locked()

    @property
    def waiting(self) -> list[Delivery]:
        """Deliveries whose results are not stored yet."""
        return [judged.delivery for judged in list(self._judged)]

    def flush(self, *, wait: bool = True) -> None:
        """Store what was added; with `wait` false, not if another thread is just storing."""
        while self._judged and self._storing.acquire(blocking=wait):
            try:
                stored = self._store_next()
            finally:
                self._storing.release()
            # Not while it is held: what follows may emit, and so record.
            for part in stored:
                self._tell(part)
            if not wait and not self.due:
                return

    def settle(self, timeout: float) -> None:
        """Wait for another thread that is just storing, at most `timeout` seconds."""
        if self._storing.acquire(timeout=timeout):
            self._storing.release()

    def _store_next(self) -> list[list[Pair]]:
        taken: list[Judged] = []
        while self._judged and (len(taken) < MOST_RESULTS or _together(taken[-1], self._judged[0])):
            taken.append(self._judged.popleft())
        rolls: dict[str, float] = {}
        pairs = [(each, self._result(each, rolls)) for each in taken]
        stored = [part for part in _parts(pairs) if self._store([result for _, result in part])]
        made = [result.transition == Transition.SUCCEED for part in stored for _, result in part]
        self.delivered += sum(made)
        self.failed += len(made) - sum(made)
        return stored

    def _tell(self, part: Sequence[Pair]) -> None:
        with self.recorded:
            self.recorded.notify_all()
        self.on_recorded([result for _, result in part])
        for judged, result in part:
            self._log.attempt(result, judged)
        if self.watch.wanted:
            self.watch.attempted([(_after(result), result.attempt) for _, result in part])
        self.holds.tell({judged.route.listener.id: judged.route for judged, _ in part}.values())
        self._health.disable_failing(part)

    def _result(self, judged: Judged, rolls: dict[str, float]) -> Result:
        delivery, verdict, route = judged.delivery, judged.verdict, judged.route
        step = Follow(None)
        if not verdict.final:
            dice = self._dice.random
            if (group := judged.group) is not None:  # what left together is due together
                dice = lambda: rolls.setdefault(group, self._dice.random())  # noqa: E731
            asked = route.asked_wait(verdict)
            step = follow(
                delivery.attempts - delivery.forgiven,
                route.retry_schedule,
                self._delivery["jitter"],
                dice,
                # Another process may be able to read what this one cannot, and its turn is not to be waited for.
                retry_after=SHORTEST_PAUSE if verdict.unresolved else asked,
                timed_out=verdict.outcome == Outcome.TIMEOUT,
                too_old=asked is not None and self._age(delivery) >= self._most_age(route),
            )
            if self._is_outdated(judged):
                step = soon(step, dice, timed_out=verdict.outcome == Outcome.TIMEOUT)
        detail = verdict.detail
        if step.wait is not None and _expires_first(delivery, self._clock.time() + step.wait):
            step, detail = Follow(None), _with(detail, EXPIRES_FIRST)
        transition = following(verdict.outcome, again=step.wait is not None)
        attempt = Attempt(
            number=delivery.attempts,
            started=from_timestamp(judged.started),
            duration=judged.duration,
            outcome=verdict.outcome,
            detail=shorten(route.configuration.scrubber(detail)) if detail else "",
            retry_at=None if step.wait is None else from_timestamp(self._clock.time() + step.wait),
        )
        counted = delivery.attempts - delivery.forgiven
        last_ahead = step.wait is not None and not step.forgiven and counted >= len(route.retry_schedule)
        return Result(delivery, attempt, transition, step.wait, step.forgiven, last_ahead)

    def _is_outdated(self, judged: Judged) -> bool:
        """Whether the listener was changed during the attempt, so that the next one may go otherwise."""
        now = None if judged.by is None else self._record_of(judged.by.id)
        return judged.by is not None and now is not None and not same(judged.by, now)

    def _most_age(self, route: Route) -> float:
        return float(self._max_age) if self._max_age is not None else 2 * sum(route.retry_schedule)

    def _age(self, delivery: Delivery) -> float:
        """Seconds since the first attempt; since the first one after it was last declared dead and retried."""
        try:
            attempts = self._outbox.attempts(delivery.id)
        except StoreError:
            return 0.0
        begun = None
        for attempt in attempts:
            begun = attempt.started if begun is None else begun
            if attempt.retry_at is None:
                begun = None
        return 0.0 if begun is None else self._clock.time() - begun.timestamp()

    def _store(self, results: Sequence[Result]) -> bool:
        deadline = None if self.patience is None else time.monotonic() + self.patience
        try:
            while True:
                last = self._stopping.is_set()
                try:
                    self._outbox.record(results)
                    self.hindrance = None
                    return True
                except StoreError as error:
                    self.blocked, self.hindrance = True, error
                    last = last or self.too_new is not None
                    if last or (deadline is not None and time.monotonic() >= deadline):
                        self._log.lost(len(results), error)
                        return False
                    self._log.blocked(error)
                    self._stopping.wait(STORE_RETRY if deadline is None else min(STORE_RETRY, self.patience or 0))
        finally:
            self.blocked = False


Pair = tuple[Judged, Result]


def _expires_first(delivery: Delivery, retry_at: float) -> bool:
    return delivery.expires is not None and delivery.expires.timestamp() <= retry_at


def _with(detail: str, reason: str) -> str:
    """The reason, at the end of the detail's first line, which is what lists show."""
    first, newline, rest = detail.partition("\n")
    return f"{first}; {reason}{newline}{rest}" if first else reason


def _together(one: Judged, other: Judged) -> bool:
    return one.group is not None and one.group == other.group


def _parts(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """The results in parts that hold each delivery once, and each group by itself; as a rule one part.

    Claims are not waited for until they are on the disk: a database that failed over may have forgotten one, so that a
    delivery is claimed and attempted again before what came of the first attempt was stored. And two groups in one
    transaction would be due again at the same instant.
    """
    parts: list[list[Pair]] = []
    seen: set[str] = set()
    group: str | None = None
    for judged, result in pairs:
        if not parts or judged.group != group or result.delivery.id in seen:
            parts.append([])
            seen, group = set(), judged.group
        seen.add(result.delivery.id)
        parts[-1].append((judged, result))
    return parts


def _after(result: Result) -> Delivery:
    attempt, state = result.attempt, entered(result.transition, result.delivery.state)
    delivery = object.__new__(type(result.delivery))  # `dataclasses.replace` takes seven times as long
    values = result.delivery.__dict__
    delivery.__dict__.update(values, state=state, due=attempt.retry_at, detail=attempt.detail, lease=None)
    return delivery
