"""What the claims stand on: a home of deliveries, events to be stored in it, results of attempts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

import pytest

from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.records import ClaimRequest, NewDelivery, NewEvent, Result
from pulp_events.outbox.states import Outcome, Transition
from pulp_events.outbox.store import Outbox

LISTENER, OTHER = "a" * 24, "b" * 24
LEASE = 60.0

_ids = itertools.count(1)
_OUTCOMES = {
    Transition.SUCCEED: Outcome.DELIVERED,
    Transition.POSTPONE: Outcome.TRANSIENT,
    Transition.GIVE_UP: Outcome.PERMANENT,
}


class Home(Protocol):
    """Where the outboxes of one test live."""

    def open(self) -> Outbox:
        """Another view of the home."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""

    def time(self) -> float:
        """Seconds since the epoch by that clock."""

    def work(self, outbox: Outbox, call: Callable[[], object]) -> int:
        """Make the call; returns how much the home had to do for it, in any unit: pages, rows, steps of a program."""


def new_event(*listeners: str, targets: Sequence[str] = ("",), event_type: str = "repo.sync.start") -> NewEvent:
    """An event with a delivery for each target of each listener."""
    deliveries = [NewDelivery(listener, target) for listener in listeners or (LISTENER,) for target in targets]
    number = next(_ids)
    report = f'{{"n": {number}, "text": "Grüße \\u0000"}}'.encode()
    return NewEvent(f"event-{number:08d}", event_type, 1_700_000_000.0 + number, "here", report, deliveries)


def result(delivery: Delivery, transition: str, retry_in: float | None = None, detail: str = "said so") -> Result:
    """An attempt of a claimed delivery and what follows: `succeed`, `postpone` or `give_up`."""
    outcome = _OUTCOMES[Transition(transition)]
    attempt = Attempt(delivery.attempts, datetime(2026, 1, 2, tzinfo=UTC), 0.25, outcome, detail)
    return Result(delivery, attempt, Transition(transition), retry_in)


class Outboxes:
    """Fixtures of `OutboxContract`."""

    @pytest.fixture(autouse=True)
    def _what_is_opened_is_closed(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """No test leaves connections and threads to the next, whatever it opened and however it ended."""
        opened, open_ = [], home.open

        def open_and_remember() -> Outbox:
            outbox = open_()
            opened.append(outbox)
            return outbox

        monkeypatch.setattr(home, "open", open_and_remember)
        yield
        for outbox in opened:
            outbox.close()

    @pytest.fixture
    def outbox(self, home: Home) -> Iterator[Outbox]:
        opened = home.open()
        yield opened
        opened.close()

    def claim(
        self, outbox: Outbox, limit: int = 10, listener: str = LISTENER, token: str = "t1", ordered: bool = False
    ) -> list[Delivery]:
        """Claimed deliveries of a listener."""
        return list(outbox.claim([ClaimRequest(listener, limit, ordered)], LEASE, token).deliveries)
