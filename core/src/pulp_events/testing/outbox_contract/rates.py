"""Claims about listeners that have a rate: what all who claim may take together, in the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.rate import SLACK, Rate
from pulp_events.outbox.records import ClaimRequest, NewEvent
from pulp_events.outbox.store import Outbox
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result
from pulp_events.testing.outbox_contract.stored import at

HOURLY = Rate(1, 3600.0)
"""So slow that a test takes no time by it."""
WINDOW = 3600.0


def rated(limit: int = 10, rate: Rate = HOURLY, **more: object) -> ClaimRequest:
    """A request for the listener."""
    return ClaimRequest(LISTENER, limit, rate=rate, **more)  # type: ignore[arg-type]


class RateClaims(Outboxes):
    """Part of `OutboxContract`."""

    def take(self, outbox: Outbox, request: ClaimRequest | None = None) -> Sequence[Delivery]:
        """What a claim gets."""
        return outbox.claim([request or rated()], LEASE, "t").deliveries

    def test_a_claim_takes_no_more_than_there_are_tokens_and_is_told_when_there_are_more(
        self, home: Home, outbox: Outbox
    ) -> None:
        outbox.add([new_event() for _ in range(3)])
        claim = outbox.claim([rated()], LEASE, "t")
        assert len(claim.deliveries) == 1
        for _ in range(2):
            claim = outbox.claim([rated()], LEASE, "t")
            assert list(claim.deliveries) == []
            wait = claim.waits[LISTENER]
            assert wait is not None and 3590 < wait <= 3600
            assert 3590 < claim.throttled[LISTENER] <= 3600
        home.advance(3600)
        assert len(self.take(outbox)) == 1

    def test_what_the_bucket_holds_leaves_at_once_and_then_as_much_as_comes_in(
        self, home: Home, outbox: Outbox
    ) -> None:
        rate = Rate(1000, 60.0)  # one each 60 ms: two at once
        outbox.add([new_event() for _ in range(300)])
        began, taken = home.time(), 0
        for _ in range(20):
            taken += len(self.take(outbox, rated(100, rate)))
            assert taken <= 2 + (home.time() - began) / 0.06 + 1
            home.advance(0.05)
        assert taken >= 15

    def test_who_has_nothing_pending_waits_for_no_token(self, outbox: Outbox) -> None:
        assert outbox.claim([rated()], LEASE, "t").waits == {LISTENER: None}
        outbox.add([new_event()])
        outbox.record([result(one, "succeed") for one in self.take(outbox)])
        assert outbox.claim([rated()], LEASE, "t").waits == {LISTENER: None}

    def test_all_who_claim_share_the_tokens(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(40)])
        found: list[int] = []
        barrier = threading.Barrier(4)

        def work() -> None:
            own = home.open()
            barrier.wait()
            found.append(sum(len(own.claim([rated()], LEASE, f"t{n}").deliveries) for n in range(5)))
            own.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4 and sum(found) == 1

    def test_a_retry_takes_a_token_too(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [one] = self.take(outbox)
        outbox.record([result(one, "postpone", 10)])
        home.advance(20)
        claim = outbox.claim([rated()], LEASE, "t")
        wait = claim.waits[LISTENER]
        assert list(claim.deliveries) == [] and wait is not None and 3570 < wait <= 3580
        home.advance(3600)
        assert [again.attempts for again in self.take(outbox)] == [2]

    def test_what_is_given_back_gives_back_its_token(self, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        outbox.release(self.take(outbox))
        assert len(self.take(outbox)) == 1
        assert list(self.take(outbox)) == []

    def test_a_token_that_is_old_is_not_given_back(self, home: Home, outbox: Outbox) -> None:
        """While it was held, others took what came in: as many would leave once more."""
        rate = Rate(1, 1.0)
        outbox.add([new_event() for _ in range(3)])
        old = self.take(outbox, rated(rate=rate))
        home.advance(1.1)
        time.sleep(2 * rate.lasts)
        began = home.time()
        assert len(outbox.claim([rated(rate=rate)], LEASE, "u").deliveries) == 1
        outbox.release(old)
        left = self.take(outbox, rated(rate=rate))
        came_in = int(home.time() - began + 2 * SLACK)  # none, unless the machine stood still
        assert len(left) <= came_in

    def test_a_rate_is_of_one_listener_and_others_have_none(self, outbox: Outbox) -> None:
        events = [new_event(LISTENER, OTHER) for _ in range(4)]
        outbox.add(events)
        claim = outbox.claim([rated(), ClaimRequest(OTHER, 4)], LEASE, "t")
        assert [one.listener_id for one in claim.deliveries].count(OTHER) == 4
        assert len(claim.deliveries) == 5 and set(claim.throttled) == {LISTENER}

    @pytest.mark.parametrize("ordered", [False, True])
    def test_named_deliveries_and_an_order_are_throttled_alike(self, outbox: Outbox, ordered: bool) -> None:
        events: list[NewEvent] = [new_event() for _ in range(3)]
        outbox.add(events)
        ids = [f"{event.id}.0" for event in events]
        [first] = self.take(outbox, rated(ids=ids, ordered=ordered))
        assert first.id == ids[0]
        claim = outbox.claim([rated(ids=ids, ordered=ordered)], LEASE, "t")
        wait = claim.waits[LISTENER]
        assert list(claim.deliveries) == [] and wait is not None and wait > 3500
        outbox.record([result(first, "succeed")])
        assert list(self.take(outbox, rated(ordered=ordered))) == []

    def test_what_leaves_together_takes_one_token_and_is_never_parted(self, home: Home, outbox: Outbox) -> None:
        outbox.add([at(home, new_event(targets=("x", "y"))) for _ in range(3)])  # of one window
        home.advance(2 * WINDOW)
        request = rated(100, window=WINDOW)
        assert len(self.take(outbox, request)) == 3
        claim = outbox.claim([request], LEASE, "t")
        wait = claim.waits[LISTENER]
        assert list(claim.deliveries) == [] and wait is not None and wait > 3500
        home.advance(3600)
        assert len(self.take(outbox, request)) == 3

    def test_another_rate_counts_from_the_next_claim_on(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(9)])
        assert len(self.take(outbox)) == 1
        assert list(self.take(outbox)) == []
        quick = Rate(1000, 1.0)
        wait = outbox.claim([rated(rate=quick)], LEASE, "t").waits.get(LISTENER, 0.0)
        assert wait is not None and wait < 1.0, "an hour is not waited for at a thousand a second"
        home.advance(0.2)
        assert len(self.take(outbox, rated(rate=quick))) == 8

    def test_who_is_enabled_again_begins_with_a_full_bucket(self, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        assert len(self.take(outbox)) == 1
        outbox.forget_health(LISTENER)
        assert len(self.take(outbox)) == 1
