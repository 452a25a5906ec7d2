"""Windows: what leaves together stays together."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import pytest

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery, NewDelivery, NewEvent, Result
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.window import MOST_BYTES, MOST_DELIVERIES, SETTLE, window_of
from pulp_events.testing.outbox_contract.home import LEASE, Home, result

LISTENER = "c" * 24
WINDOW = 900.0

_ids = itertools.count(1)


def event_at(time: float, targets: Sequence[str] = ("",), size: int = 2) -> NewEvent:
    """An event of this time with a delivery for each target."""
    deliveries = [NewDelivery(LISTENER, target) for target in targets]
    return NewEvent(f"window-{next(_ids):08d}", "repo.sync.start", time, "here", b"x" * size, deliveries)


def took(delivery: Delivery, transition: str, retry_in: float | None = None) -> Result:
    """An attempt of a claimed delivery and what follows."""
    return result(delivery, transition, retry_in, detail="")


def ids(deliveries: Sequence[Delivery]) -> list[str]:
    """Their ids."""
    return [delivery.id for delivery in deliveries]


class WindowClaims:
    """Part of `OutboxContract`."""

    _tokens = itertools.count(1)

    def claim_window(self, outbox: Outbox, ordered: bool = False) -> list[Delivery]:
        """What leaves together next."""
        token = f"w{next(self._tokens)}"
        return list(outbox.claim([ClaimRequest(LISTENER, 1, ordered, WINDOW)], LEASE, token).deliveries)

    @staticmethod
    def begin_window(home: Home) -> float:
        """Let time pass until a window begins; its beginning."""
        home.advance(WINDOW - home.time() % WINDOW + 1)
        return home.time() // WINDOW * WINDOW

    def test_the_wait_is_for_the_first_window_that_ends(self, home: Home, outbox: Outbox) -> None:
        began = self.begin_window(home)
        outbox.add([event_at(began + 1)])
        home.advance(WINDOW - 10)
        outbox.add([event_at(began + WINDOW + 1)])  # of a clock that is a little ahead
        wait = outbox.claim([ClaimRequest(LISTENER, 1, window=WINDOW)], LEASE, "t").waits[LISTENER]
        assert wait is not None and abs(wait - (began + WINDOW + SETTLE - home.time())) < 5

    def test_a_window_is_claimed_whole_once_it_is_over_and_not_before(self, home: Home, outbox: Outbox) -> None:
        began = self.begin_window(home)
        events = [event_at(began + offset) for offset in (1, 5, 899)]
        outbox.add(events[:1])
        outbox.add(events[1:])
        claim = outbox.claim([ClaimRequest(LISTENER, 1, window=WINDOW)], LEASE, "t")
        wait = claim.waits[LISTENER]
        assert not claim.deliveries and wait is not None
        assert abs(wait - (began + WINDOW + SETTLE - home.time())) < 5
        home.advance(began + WINDOW + SETTLE + 1 - home.time())
        outbox.add([event_at(home.time())])
        found = self.claim_window(outbox)
        assert ids(found) == [f"{event.id}.0" for event in events]
        assert {delivery.attempts for delivery in found} == {1}
        assert self.claim_window(outbox) == []
        outbox.record([took(delivery, "succeed") for delivery in found])
        home.advance(WINDOW)
        assert len(self.claim_window(outbox)) == 1

    def test_windows_and_targets_are_not_mixed(self, home: Home, outbox: Outbox) -> None:
        began = self.begin_window(home)
        outbox.add([event_at(began + offset, ("a", "b")) for offset in (-WINDOW, 1 - WINDOW, 0)])
        home.advance(2 * WINDOW)
        found = [self.claim_window(outbox) for _ in range(5)]
        assert found[4] == []
        assert sorted((one[0].target, len(one)) for one in found[:4]) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
        assert all(len({delivery.target for delivery in one}) == 1 for one in found[:4])

    def test_what_failed_together_is_due_together_and_alone(self, home: Home, outbox: Outbox) -> None:
        began = self.begin_window(home)
        outbox.add([event_at(began + offset) for offset in (1, 2, 3)])
        home.advance(WINDOW)
        first = self.claim_window(outbox)
        outbox.record([took(delivery, "postpone", 30) for delivery in first])
        outbox.add([event_at(began + 4)])  # of the same window, stored too late
        [late] = self.claim_window(outbox)
        outbox.record([took(late, "postpone", 25)])
        assert self.claim_window(outbox) == []
        home.advance(31)
        sets = [self.claim_window(outbox), self.claim_window(outbox), self.claim_window(outbox)]
        assert sorted(map(ids, sets)) == sorted([ids(first), [late.id], []])
        assert {delivery.attempts for one in sets for delivery in one} == {2}

    def test_what_was_lost_with_a_process_comes_back_as_it_was(self, home: Home, outbox: Outbox) -> None:
        began = self.begin_window(home)
        outbox.add([event_at(began + offset) for offset in (1, 2)])
        home.advance(WINDOW)
        first = self.claim_window(outbox)
        outbox.add([event_at(began + 3)])
        second = self.claim_window(outbox)
        home.advance(LEASE / 2)
        outbox.extend(first, LEASE)
        home.advance(LEASE / 2 + 1)
        assert ids(self.claim_window(outbox)) == ids(second), "its lease is over, the other's is not"
        assert self.claim_window(outbox) == []
        home.advance(LEASE / 2)
        again = self.claim_window(outbox)
        assert ids(again) == ids(first)
        for delivery in again:
            assert [attempt.outcome for attempt in outbox.attempts(delivery.id)] == ["lost"]
        assert list(outbox.record([took(delivery, "succeed") for delivery in again])) == [True, True]

    def test_what_was_released_together_is_claimed_together(self, home: Home, outbox: Outbox) -> None:
        began = self.begin_window(home)
        outbox.add([event_at(began + offset) for offset in (1, 2)])
        home.advance(WINDOW)
        outbox.release(self.claim_window(outbox))
        first = self.claim_window(outbox)
        assert [delivery.attempts for delivery in first] == [1, 1]
        outbox.record([took(delivery, "postpone", 1) for delivery in first])
        home.advance(2)
        outbox.release(self.claim_window(outbox))
        outbox.add([event_at(began + 3)])
        sets = [ids(self.claim_window(outbox)) for _ in range(3)]
        assert sorted(map(len, sets)) == [0, 1, 2]
        assert ids(first) in sets

    def test_a_window_that_is_too_large_is_claimed_in_parts(self, home: Home, outbox: Outbox) -> None:
        began = self.begin_window(home)
        outbox.add([event_at(began + 1, size=MOST_BYTES // 4) for _ in range(6)])
        outbox.add([event_at(began + 1, size=MOST_BYTES + 10)])
        home.advance(WINDOW)
        assert [len(self.claim_window(outbox)) for _ in range(4)] == [4, 2, 1, 0]

    def test_a_window_of_too_many_is_claimed_in_parts(self, home: Home, outbox: Outbox) -> None:
        began = self.begin_window(home)
        outbox.add([event_at(began + 1) for _ in range(MOST_DELIVERIES + 3)])
        home.advance(WINDOW)
        assert [len(self.claim_window(outbox)) for _ in range(3)] == [MOST_DELIVERIES, 3, 0]

    def test_what_is_stored_after_its_window_was_claimed_leaves_by_itself_and_at_once(
        self, home: Home, outbox: Outbox
    ) -> None:
        began = self.begin_window(home)
        outbox.add([event_at(began + 1)])
        home.advance(WINDOW)
        outbox.record([took(one, "succeed") for one in self.claim_window(outbox)])
        late, next_one = event_at(began + 2), event_at(began + WINDOW + 1)
        outbox.add([late, next_one])
        [alone] = self.claim_window(outbox)
        assert alone.id == f"{late.id}.0"
        outbox.record([took(alone, "succeed")])
        assert self.claim_window(outbox) == []
        home.advance(WINDOW)
        assert ids(self.claim_window(outbox)) == [f"{next_one.id}.0"]

    def test_an_event_that_was_stored_late_does_not_wait_for_the_window_that_is_open(
        self, home: Home, outbox: Outbox
    ) -> None:
        began = self.begin_window(home)
        outbox.add([event_at(began + 1), event_at(began - 1)])
        home.advance(5)
        assert len(self.claim_window(outbox)) == 1
        assert self.claim_window(outbox) == []

    def test_an_event_of_the_future_waits_for_no_window(self, home: Home, outbox: Outbox) -> None:
        self.begin_window(home)
        outbox.add([event_at(home.time() + 10 * WINDOW)])
        assert len(self.claim_window(outbox)) == 1

    def test_in_order_a_window_waits_for_the_one_before_it(self, home: Home, outbox: Outbox) -> None:
        began = self.begin_window(home)
        outbox.add([event_at(began + 1), event_at(began + WINDOW + 1)])
        home.advance(2 * WINDOW)
        [first] = self.claim_window(outbox, ordered=True)
        assert self.claim_window(outbox, ordered=True) == []
        outbox.record([took(first, "postpone", 30)])
        assert self.claim_window(outbox, ordered=True) == []
        home.advance(31)
        [again] = self.claim_window(outbox, ordered=True)
        assert again.id == first.id
        outbox.record([took(again, "succeed")])
        [second] = self.claim_window(outbox, ordered=True)
        assert second.event_time > first.event_time

    def test_two_that_claim_at_once_share_no_window(self, home: Home, outbox: Outbox) -> None:
        from concurrent.futures import ThreadPoolExecutor

        began = self.begin_window(home)
        outbox.add([event_at(began + 1) for _ in range(200)])
        home.advance(WINDOW)
        with ThreadPoolExecutor(4) as pool:
            sets = list(pool.map(lambda _: self.claim_window(outbox), range(8)))
        assert sorted(map(len, sets)) == [0] * 7 + [200]
        outbox.record([took(delivery, "succeed") for one in sets for delivery in one])
        assert len(outbox.find(DeliveryQuery(state=State.DELIVERED), 1000)) == 200
        assert list(outbox.find(DeliveryQuery(state=State.PENDING), 1000)) == []

    @pytest.mark.parametrize("seed", range(4))
    def test_over_any_history_each_event_is_counted_once(self, home: Home, outbox: Outbox, seed: int) -> None:
        """By whoever drops a message that is made of the same deliveries as one that is there already."""
        dice = random.Random(seed)
        emitted: dict[str, float] = {}
        sent: set[frozenset[str]] = set()
        refused: set[str] = set()
        for _ in range(60):
            events = [event_at(home.time() - dice.choice((0, 0, 5, 1000)), dice.choice(("a", "ab"))) for _ in range(3)]
            outbox.add(events)
            emitted |= {f"{one.id}.{n}": one.time for one in events for n in range(len(one.deliveries))}
            home.advance(dice.choice((0.1, 20.0, LEASE + 1, WINDOW / 3, WINDOW)))
            while found := self.claim_window(outbox, ordered=dice.random() < 0.2):
                these = frozenset(ids(found))
                assert len({window_of(emitted[one], WINDOW) for one in these}) == 1
                ending = dice.choice(("succeed", "succeed", "postpone", "give_up", "killed", "release"))
                if ending in ("succeed", "postpone", "killed"):  # of the latter two nobody knows whether it was taken
                    sent.add(these)
                if ending == "release":
                    outbox.release(found)
                    break
                if ending != "killed":
                    wait = 5 + dice.random() if ending == "postpone" else None
                    assert all(outbox.record([took(one, ending, wait) for one in found]))
                    refused |= these if ending == "give_up" else set()
        counted = [one for these in sent for one in these]
        assert len(counted) == len(set(counted))
        found_now = {one.id: one.state for one in outbox.find(DeliveryQuery(), 10_000)}
        assert found_now.keys() == emitted.keys()
        assert {one for one, state in found_now.items() if state == State.DELIVERED} <= set(counted)
        assert {one for one, state in found_now.items() if state == State.DEAD} == refused
