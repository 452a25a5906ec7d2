"""What is logged of attempts: each, if that is wished; else what fails, and once what fails alike."""

from __future__ import annotations

import logging
import traceback
from functools import partial

from pulp_events.dispatcher.judged import Judged
from pulp_events.dispatcher.repeats import Repeats, more_like_it
from pulp_events.errors import StoreError
from pulp_events.outbox.records import Result
from pulp_events.outbox.states import TRANSITIONS, Transition
from pulp_events.system.clock import Clock
from pulp_events.system.log_fields import fields
from pulp_events.system.logs import get_logger

_logger = get_logger(__name__)


class AttemptLog:
    """`logs_all`: successes, too, and no failure only counted (`[delivery] log_attempts`)."""

    def __init__(self, clock: Clock, *, logs_all: bool) -> None:
        self._repeats = Repeats(clock)
        self._logs_all = logs_all

    def sum_up(self, *, all: bool = False) -> None:
        """Log how many more failures there were like those that were logged."""
        self._repeats.sum_up(all=all)

    def blocked(self, error: StoreError) -> None:
        """Attempts cannot be recorded."""
        self._repeats.say(("store", str(error)), partial(_log_blocked, error))

    def lost(self, count: int, error: StoreError) -> None:
        """So many results are given up: their deliveries are made again."""
        text = "attempts cannot be recorded; %d deliveries will be attempted again when their leases end: %s"
        if count == 1:
            text = "attempts cannot be recorded; %d delivery will be attempted again when its lease ends: %s"
        _logger.error(text, count, error)

    def attempt(self, result: Result, judged: Judged) -> None:
        """Say what an attempt came to; of those that fail alike, the first, and how many there were."""
        delivery, attempt = result.delivery, result.attempt
        if result.transition == Transition.SUCCEED:
            level = logging.INFO if self._logs_all else logging.DEBUG
            if _logger.isEnabledFor(level):
                _logger.log(
                    level,
                    "delivery %s to listener %s, attempt %d: %s in %.3f s",
                    delivery.id,
                    delivery.listener_id,
                    attempt.number,
                    attempt.outcome,
                    attempt.duration,
                    extra=_fields(result, judged),
                )
            return
        level = logging.WARNING if result.transition == Transition.GIVE_UP else logging.INFO
        state, wait = TRANSITIONS[result.transition].enters, result.retry_in
        follows = state if wait is None else f"next attempt in {wait:.0f} s"
        said = attempt.detail.partition("\n")[0]

        def log(more: int) -> None:
            _logger.log(
                level,
                "delivery %s to listener %s, attempt %d: %s: %s; %s%s",
                delivery.id,
                delivery.listener_id,
                attempt.number,
                attempt.outcome,
                said,
                follows,
                more_like_it(more),
                extra=_fields(result, judged, more),
            )

        if self._logs_all:
            log(0)
        else:
            self._repeats.say((delivery.listener_id, attempt.outcome, said, result.transition), log)
        if judged.verdict.error is not None and attempt.number == 1:
            trace = "".join(traceback.format_exception(judged.verdict.error))
            clean = judged.route.configuration.scrubber(trace)

            def log_trace(more: int) -> None:
                _logger.error(
                    "the notifier raised an exception during delivery %s%s:\n%s",
                    delivery.id,
                    more_like_it(more),
                    clean,
                    extra=_fields(result, judged, more),
                )

            self._repeats.say((delivery.listener_id, type(judged.verdict.error), said), log_trace)


def _fields(result: Result, judged: Judged, more: int = 0) -> dict[str, str | int | float]:
    attempt = result.attempt
    return fields(
        result.delivery,
        notifier_type_id=judged.route.listener.notifier_type_id,
        attempt=attempt.number,
        outcome=attempt.outcome.value,
        seconds=round(attempt.duration, 6),
        repeats=more or None,
    )


def _log_blocked(error: StoreError, more: int) -> None:
    _logger.error("attempts cannot be recorded; retrying: %s%s", error, more_like_it(more))
