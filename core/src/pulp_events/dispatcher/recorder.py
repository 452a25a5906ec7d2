"""Stores what lanes found out: attempts, what follows from them, and what others want to know of it."""

from __future__ import annotations

import logging
import random
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

from pulp_events.clock import Clock, from_timestamp
from pulp_events.dispatcher.retry import wait_before_next
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.verdict import Verdict, shorten
from pulp_events.dispatcher.watch import AttemptWatch
from pulp_events.errors import StoreError
from pulp_events.listeners.listener import Listener
from pulp_events.logs import get_logger
from pulp_events.outbox.delivery import DEAD, DELIVERED, PENDING, Attempt, Delivery
from pulp_events.outbox.records import Result
from pulp_events.outbox.store import Outbox
from pulp_events.secrets import Scrubber
from pulp_events.settings.settings import Settings

STORE_RETRY = 1.0
"""Seconds between tries to store results while the outbox cannot be written."""
HEALTH_CHECK = 30.0
"""Seconds between looks at how long a failing listener has been failing."""

_STATES = {"succeed": DELIVERED, "postpone": PENDING, "give_up": DEAD}

_logger = get_logger(__name__)

Judged = tuple[Delivery, Verdict, float, float]


class AttemptRecorder:
    """Implements `lane.Recorder`. `disable(listener, reason)` is called for a listener that is to be disabled."""

    def __init__(
        self,
        outbox: Outbox,
        settings: Settings,
        watch: AttemptWatch,
        clock: Clock,
        dice: random.Random,
        disable: Callable[[Listener, str], None],
        stopping: threading.Event,
    ) -> None:
        self._outbox = outbox
        self._delivery = settings.section("delivery")
        self.watch = watch
        self._clock = clock
        self._dice = dice
        self._disable = disable
        self._stopping = stopping
        self._checked: dict[str, float] = {}
        self.recorded = threading.Condition()
        """Notified after each time that results were stored."""

    def record(self, route: Route, judged: Sequence[Judged]) -> None:
        """Store the attempts in one transaction, again and again while the outbox cannot be written.

        A lane that cannot record must not send on: each delivery would be made again later.
        """
        scrub = route.channels.scrubber()
        dice = self._dice.random
        if route.window is not None:  # what left together is due together
            roll = dice()
            dice = lambda: roll  # noqa: E731
        results = [self._result(route, scrub, dice, *one) for one in judged]
        if not all(self._store(part) for part in _each_once(results)):
            return
        with self.recorded:
            self.recorded.notify_all()
        for result, (_, verdict, *_) in zip(results, judged, strict=True):
            self._log(result, verdict, scrub)
            if self.watch.wanted:
                self.watch.attempted(_after(result), result.attempt)
        self._look_after(route, scrub, [verdict for _, verdict, *_ in judged])

    def _result(
        self,
        route: Route,
        scrub: Scrubber,
        dice: Callable[[], float],
        delivery: Delivery,
        verdict: Verdict,
        started: float,
        duration: float,
    ) -> Result:
        wait: float | None = None
        if not verdict.final:
            wait = wait_before_next(
                delivery.attempts - delivery.forgiven,
                route.retry_schedule,
                self._delivery["jitter"],
                dice,
                verdict.retry_after,
                timed_out=verdict.outcome == "timeout",
            )
        transition = "succeed" if verdict.delivered else "give_up" if wait is None else "postpone"
        attempt = Attempt(
            number=delivery.attempts,
            started=from_timestamp(started),
            duration=duration,
            outcome=verdict.outcome,
            detail=shorten(scrub(verdict.detail)) if verdict.detail else "",
            retry_at=None if wait is None else from_timestamp(self._clock.time() + wait),
        )
        return Result(delivery, attempt, transition, wait)

    def _store(self, results: Sequence[Result]) -> bool:
        while True:
            try:
                self._outbox.record(results)
                return True
            except StoreError as error:
                _logger.error("attempts cannot be recorded, trying again: %s", error)
                if self._stopping.wait(STORE_RETRY):
                    return False

    def _log(self, result: Result, verdict: Verdict, scrub: Scrubber) -> None:
        delivery, attempt = result.delivery, result.attempt
        if result.transition == "succeed":
            _logger.debug("delivery %s: delivered to listener %s", delivery.id, delivery.listener_id)
            return
        level = logging.WARNING if result.transition == "give_up" else logging.INFO
        follows = "dead" if result.retry_in is None else f"next attempt in {result.retry_in:.0f} s"
        _logger.log(
            level,
            "delivery %s to listener %s, attempt %d: %s: %s; %s",
            delivery.id,
            delivery.listener_id,
            attempt.number,
            attempt.outcome,
            _first_line(attempt.detail),
            follows,
        )
        if verdict.error is not None and attempt.number == 1:
            trace = "".join(traceback.format_exception(verdict.error))
            _logger.error("the notifier raised while it made delivery %s:\n%s", delivery.id, scrub(trace))

    def _look_after(self, route: Route, scrub: Scrubber, verdicts: Sequence[Verdict]) -> None:
        listener = route.listener
        wished = next((verdict for verdict in verdicts if verdict.disable_listener), None)
        if wished is not None:
            self._disable(listener, shorten(f"the receiver wants no more events: {_first_line(scrub(wished.detail))}"))
            return
        if all(verdict.delivered for verdict in verdicts):
            return
        now = self._clock.monotonic()
        if now - self._checked.get(listener.id, -HEALTH_CHECK) < HEALTH_CHECK:
            return
        self._checked[listener.id] = now
        health = self._outbox.health().get(listener.id)
        if health is None or health.failing_since is None:
            return
        # While it was muted it could have no success.
        begun = max(health.failing_since, listener.muted_until or health.failing_since)
        failing = self._clock.time() - begun.timestamp()
        if failing >= self._delivery["disable_after"]:
            since = health.failing_since.isoformat(timespec="seconds")
            self._disable(
                listener,
                f"{health.failures} failures and no success since {since}; the last: {_first_line(health.detail)}",
            )


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _each_once(results: Sequence[Result]) -> list[list[Result]]:
    """The results in parts that hold each delivery once; as a rule one part.

    Claims are not waited for until they are on the disk: a database that failed over may have forgotten one, so that a
    delivery is claimed and attempted again before what came of the first attempt was stored.
    """
    parts: list[dict[str, Result]] = [{}]
    for result in results:
        if result.delivery.id in parts[-1]:
            parts.append({})
        parts[-1][result.delivery.id] = result
    return [list(part.values()) for part in parts]


def _after(result: Result) -> Delivery:
    state = _STATES[result.transition]
    attempt = result.attempt
    return replace(result.delivery, state=state, due=attempt.retry_at, detail=attempt.detail, lease=None)
