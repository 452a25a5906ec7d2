"""Claims about claims of certain deliveries: nobody else's are taken, whatever is pending before them."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence

import pytest

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import Claim, ClaimRequest, DeliveryQuery, NewEvent
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.window import MOST_BYTES
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result
from pulp_events.testing.outbox_contract.windows import LISTENER as WINDOWED
from pulp_events.testing.outbox_contract.windows import WINDOW, WindowClaims, event_at, took


def ids_of(*events: NewEvent, listener: str = LISTENER) -> list[str]:
    """Ids of the listener's deliveries of these events."""
    return [
        f"{event.id}.{n}"
        for event in events
        for n, delivery in enumerate(event.deliveries)
        if delivery.listener_id == listener
    ]


def ids(deliveries: Sequence[Delivery]) -> list[str]:
    """Their ids."""
    return [delivery.id for delivery in deliveries]


def untouched(outbox: Outbox, event: NewEvent) -> bool:
    """True if its deliveries are as they were stored."""
    return all((one.state, one.attempts, one.lease) == ("pending", 0, None) for one in outbox.of_event(event.id))


class NamedClaims(Outboxes):
    """Part of `OutboxContract`."""

    def claim_named(
        self, outbox: Outbox, *events: NewEvent, limit: int = 10, ordered: bool = False, window: float | None = None
    ) -> Claim:
        """Claim deliveries of these events."""
        listener = LISTENER if window is None else WINDOWED
        wanted = ids_of(*events, listener=listener)
        return outbox.claim([ClaimRequest(listener, limit, ordered, window, wanted)], LEASE, f"t {wanted}")

    def test_named_only_those_are_claimed_however_much_is_pending_before_and_after(self, outbox: Outbox) -> None:
        before, own, after = [new_event(LISTENER, OTHER) for _ in range(30)], new_event(OTHER, LISTENER), new_event()
        outbox.add([*before, own, after])
        claim = self.claim_named(outbox, own)
        assert ids(claim.deliveries) == [f"{own.id}.1"]
        [taken] = claim.deliveries
        assert (taken.attempts, taken.listener_id, taken.report) == (1, LISTENER, own.report)
        wait = claim.waits[LISTENER]
        assert wait is not None and 0 < wait <= LEASE, "until its lease ends"
        assert list(self.claim_named(outbox, own).deliveries) == []
        assert list(outbox.record([result(taken, "succeed")])) == [True]
        assert self.claim_named(outbox, own).waits == {LISTENER: None}, "nothing more of it is pending"
        assert all(untouched(outbox, event) for event in (*before, after))
        assert ids(self.claim(outbox, limit=99)) == ids_of(*before, after)

    def test_named_nothing_is_asked_for_or_there_and_nothing_is_claimed(self, outbox: Outbox) -> None:
        event, never = new_event(OTHER), new_event()
        outbox.add([new_event(), event])
        for wanted in ([], [f"{never.id}.0"], [f"{event.id}.0"], [f"{event.id}.7"]):
            for ordered in (False, True):
                claim = outbox.claim([ClaimRequest(LISTENER, 5, ordered, ids=wanted)], LEASE, "t")
                assert list(claim.deliveries) == [] and claim.waits == {LISTENER: None}
        assert untouched(outbox, event)

    def test_named_several_are_claimed_in_emit_order_and_no_more_than_asked_for(self, outbox: Outbox) -> None:
        events = [new_event(targets=("x", "y")) for _ in range(6)]
        outbox.add(events)
        own = events[1::2]
        claim = self.claim_named(outbox, *reversed(own), limit=4)
        assert ids(claim.deliveries) == ids_of(*own)[:4] and LISTENER not in claim.waits
        assert ids(self.claim_named(outbox, *own, limit=4).deliveries) == ids_of(*own)[4:]
        assert all(untouched(outbox, event) for event in events[::2])

    def test_named_a_retry_comes_when_it_is_due_and_a_lost_one_alone(self, home: Home, outbox: Outbox) -> None:
        events = [new_event() for _ in range(4)]
        outbox.add(events)
        first, second, third, other = events
        [one] = self.claim_named(outbox, first).deliveries
        outbox.record([result(one, "postpone", 10)])
        claim = self.claim_named(outbox, first)
        wait = claim.waits[LISTENER]
        assert not claim.deliveries and wait is not None and 5 < wait <= 10
        [lost] = self.claim_named(outbox, second).deliveries
        home.advance(LEASE + 1)
        assert ids(self.claim_named(outbox, first, second, third).deliveries) == ids_of(second)
        assert [attempt.outcome for attempt in outbox.attempts(lost.id)] == ["lost"]
        again = self.claim_named(outbox, first, second, third).deliveries
        assert ids(again) == ids_of(first, third) and [one.attempts for one in again] == [2, 1]
        assert untouched(outbox, other)

    def test_named_retries_that_are_due_do_not_crowd_out_first_attempts(self, home: Home, outbox: Outbox) -> None:
        late, fresh = [new_event() for _ in range(6)], [new_event() for _ in range(6)]
        outbox.add([*late, *fresh])
        outbox.record([result(one, "postpone", 5) for one in self.claim_named(outbox, *late).deliveries])
        home.advance(6)
        found = self.claim_named(outbox, *late, *fresh, limit=4).deliveries
        assert len(found) == 4 and sorted(one.attempts for one in found) == [1, 1, 2, 2]

    def test_named_what_was_given_back_is_claimed_again(self, outbox: Outbox) -> None:
        event, other = new_event(), new_event()
        outbox.add([other, event])
        for _ in range(2):
            claim = self.claim_named(outbox, event)
            assert [one.attempts for one in claim.deliveries] == [1]
            outbox.release(claim.deliveries)
        assert ids(self.claim(outbox)) == ids_of(other, event)

    def test_named_and_others_are_asked_for_together(self, outbox: Outbox) -> None:
        events = [new_event(LISTENER, OTHER, WINDOWED) for _ in range(3)]
        outbox.add(events)
        requests = [
            ClaimRequest(LISTENER, 9, ids=ids_of(events[1])),
            ClaimRequest(OTHER, 2),
            ClaimRequest(WINDOWED, 9, True, ids=ids_of(events[0], listener=WINDOWED)),
        ]
        found: dict[str, list[str]] = defaultdict(list)
        for one in outbox.claim(requests, LEASE, "t").deliveries:
            found[one.listener_id].append(one.event_id)
        first, second, _ = (event.id for event in events)
        assert found == {LISTENER: [second], OTHER: [first, second], WINDOWED: [first]}

    def test_named_in_order_nothing_goes_before_what_is_older(self, home: Home, outbox: Outbox) -> None:
        older, own, younger = new_event(), new_event(), new_event()
        outbox.add([older, own, younger])
        claim = self.claim_named(outbox, own, ordered=True)
        wait = claim.waits[LISTENER]
        assert list(claim.deliveries) == [] and wait is not None and wait > 0
        assert untouched(outbox, own) and untouched(outbox, older)
        [first] = self.claim(outbox, limit=1, ordered=True)
        assert list(self.claim_named(outbox, own, ordered=True).deliveries) == [], "the older one is leased"
        outbox.record([result(first, "postpone", 10)])
        claim = self.claim_named(outbox, own, ordered=True)
        wait = claim.waits[LISTENER]
        assert list(claim.deliveries) == [] and wait is not None and 5 < wait <= 10
        home.advance(11)
        claim = self.claim_named(outbox, own, ordered=True)
        wait = claim.waits[LISTENER]
        assert list(claim.deliveries) == [] and wait is not None and wait > 0, "due, and for others to make"
        [first] = self.claim(outbox, limit=1, ordered=True)
        outbox.record([result(first, "succeed")])
        assert ids(self.claim_named(outbox, own, ordered=True).deliveries) == ids_of(own)
        assert untouched(outbox, younger)

    def test_named_in_order_a_failure_holds_back_what_comes_after_it(self, home: Home, outbox: Outbox) -> None:
        own = [new_event() for _ in range(3)]
        outbox.add([*own, new_event()])
        batch = self.claim_named(outbox, *own, ordered=True).deliveries
        assert ids(batch) == ids_of(*own)
        outbox.record([result(batch[0], "postpone", 10)])
        outbox.release(batch[1:])
        claim = self.claim_named(outbox, *own, ordered=True)
        wait = claim.waits[LISTENER]
        assert list(claim.deliveries) == [] and wait is not None and 5 < wait <= 10
        home.advance(11)
        [head] = self.claim_named(outbox, *own, ordered=True).deliveries
        assert head.id == batch[0].id
        outbox.record([result(head, "succeed")])
        assert ids(self.claim_named(outbox, *own, ordered=True).deliveries) == ids_of(*own[1:])

    def test_named_in_order_a_revived_delivery_goes_before_younger_ones(self, outbox: Outbox) -> None:
        older, own = new_event(), new_event()
        outbox.add([older, own])
        [old, *rest] = self.claim(outbox, ordered=True)
        outbox.record([result(old, "give_up")])
        outbox.release(rest)
        outbox.revive(DeliveryQuery(), 10)
        assert list(self.claim_named(outbox, own, ordered=True).deliveries) == []
        assert ids(self.claim_named(outbox, older, own, ordered=True).deliveries) == ids_of(older, own)

    @pytest.mark.parametrize("ordered", [False, True])
    def test_named_views_that_claim_at_once_take_each_their_own(self, home: Home, ordered: bool) -> None:
        views = [home.open() for _ in range(4)]
        old = [] if ordered else [new_event() for _ in range(50)]
        views[0].add(old)
        begun: list[str] = []
        alone = threading.Lock()

        def work(view: Outbox) -> None:
            for _ in range(10):
                with alone:  # so that the order of emits is known
                    event = new_event()
                    view.add([event])
                    emitted.append(event.id)
                while not (found := self.claim_named(view, event, ordered=ordered).deliveries):
                    pass
                begun.extend(one.event_id for one in found)
                view.record([result(one, "succeed") for one in found])

        emitted: list[str] = []
        threads = [threading.Thread(target=work, args=(view,), daemon=True) for view in views]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(begun) == sorted(emitted) and len(begun) == 40
        assert not ordered or begun == emitted
        assert all(untouched(views[0], event) for event in old)
        for view in views:
            view.close()

    @pytest.mark.parametrize("ordered", [False, True])
    def test_named_a_claim_is_as_much_work_whatever_else_there_is(
        self, home: Home, outbox: Outbox, ordered: bool
    ) -> None:
        others = [f"f{number:023}" for number in range(400)]

        def work(*more: str) -> int:
            own = new_event(LISTENER, *more)
            outbox.add([own])
            outbox.ready()
            return home.work(outbox, lambda: self.claim_named(outbox, own, limit=2, ordered=ordered))

        outbox.add([new_event() for _ in range(3)])
        before = work()
        outbox.add([new_event() for _ in range(1000)])
        after = work(*others)
        assert after <= 3 * before, (before, after)

    def test_named_of_windows_the_one_that_has_it_is_claimed_whole(self, home: Home, outbox: Outbox) -> None:
        began = WindowClaims.begin_window(home)
        old = [event_at(began - 3 * WINDOW + offset) for offset in (1, 2)]
        own = event_at(began + 5)
        beside = [event_at(began + offset) for offset in (1, 9)]
        outbox.add([*old, beside[0], own, event_at(began + 6, ("b",)), beside[1]])
        claim = self.claim_named(outbox, own, window=WINDOW)
        wait = claim.waits[WINDOWED]
        assert list(claim.deliveries) == [] and wait is not None and WINDOW / 2 < wait <= WINDOW + 1
        home.advance(WINDOW + 2)
        outbox.add([event_at(began + WINDOW + 1)])
        found = self.claim_named(outbox, own, window=WINDOW).deliveries
        assert sorted(ids(found)) == sorted(ids_of(*beside, own, listener=WINDOWED))
        assert {one.target for one in found} == {""}
        assert list(self.claim_named(outbox, own, window=WINDOW).deliveries) == []
        outbox.record([took(one, "postpone", 30) for one in found])
        wait = self.claim_named(outbox, own, window=WINDOW).waits[WINDOWED]
        assert wait is not None and 20 < wait <= 30
        home.advance(31)
        again = self.claim_named(outbox, own, window=WINDOW).deliveries
        assert ids(again) == ids(found), "what failed together comes together"
        home.advance(LEASE + 1)
        again = self.claim_named(outbox, own, window=WINDOW).deliveries
        assert ids(again) == ids(found), "and what was lost together"
        outbox.record([took(one, "succeed") for one in again])
        assert self.claim_named(outbox, own, window=WINDOW).waits == {WINDOWED: None}
        assert all(untouched(outbox, event) for event in old)

    def test_named_of_windows_no_more_is_claimed_than_one_message_may_hold(self, home: Home, outbox: Outbox) -> None:
        began = WindowClaims.begin_window(home)
        events = [event_at(began + 1, size=MOST_BYTES // 4) for _ in range(6)]
        outbox.add(events)
        home.advance(WINDOW)
        for event, count in ((events[0], 4), (events[-1], 2)):
            claim = self.claim_named(outbox, event, window=WINDOW)
            assert len(claim.deliveries) == count
            outbox.record([took(one, "succeed") for one in claim.deliveries])

    def test_named_of_windows_in_order_an_older_one_goes_first(self, home: Home, outbox: Outbox) -> None:
        began = WindowClaims.begin_window(home)
        old, own = event_at(began + 1), event_at(began + WINDOW + 1)
        outbox.add([old, own])
        home.advance(2 * WINDOW + 2)
        claim = self.claim_named(outbox, own, ordered=True, window=WINDOW)
        wait = claim.waits[WINDOWED]
        assert list(claim.deliveries) == [] and wait is not None and wait > 0
        assert untouched(outbox, old)
        [first] = self.claim_named(outbox, old, ordered=True, window=WINDOW).deliveries
        assert list(self.claim_named(outbox, own, ordered=True, window=WINDOW).deliveries) == []
        outbox.record([took(first, "succeed")])
        found = self.claim_named(outbox, own, ordered=True, window=WINDOW).deliveries
        assert ids(found) == ids_of(own, listener=WINDOWED)
