"""Claims about one claim for several listeners."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import ClaimRequest
from pulp_events.outbox.store import Outbox
from pulp_events.testing.outbox_contract.home import LEASE, Home, Outboxes, new_event, result

ONE, TWO, THREE, IDLE = ("d" * 23 + digit for digit in "1230")


def by_listener(deliveries: Sequence[Delivery]) -> dict[str, list[Delivery]]:
    """What each got, in the order of the claim; those of one stand together."""
    groups: dict[str, list[Delivery]] = defaultdict(list)
    for before, one in zip([None, *deliveries], deliveries, strict=False):
        assert before is None or before.listener_id == one.listener_id or one.listener_id not in groups
        groups[one.listener_id].append(one)
    return groups


class SeveralClaims(Outboxes):
    """Part of `OutboxContract`."""

    def test_one_claim_takes_for_each_listener_what_it_asks_for(self, outbox: Outbox) -> None:
        events = [new_event(ONE, TWO, THREE) for _ in range(5)]
        outbox.add(events)
        requests = [ClaimRequest(TWO, 2), ClaimRequest(IDLE, 3), ClaimRequest(ONE, 9)]
        claim = outbox.claim(requests, LEASE, "t")
        found = by_listener(claim.deliveries)
        assert {listener: [one.event_id for one in got] for listener, got in found.items()} == {
            TWO: [event.id for event in events[:2]], ONE: [event.id for event in events],
        }  # fmt: skip
        assert {(one.lease, one.attempts) for one in claim.deliveries} == {("t", 1)}
        left = by_listener(outbox.claim([ClaimRequest(each, 9) for each in (ONE, TWO, THREE)], LEASE, "u").deliveries)
        assert {listener: len(got) for listener, got in left.items()} == {TWO: 3, THREE: 5}

    def test_nothing_is_asked_for_and_nothing_is_claimed(self, outbox: Outbox) -> None:
        outbox.add([new_event(ONE)])
        claim = outbox.claim([], LEASE, "t")
        assert list(claim.deliveries) == [] and dict(claim.waits) == {}

    def test_who_got_less_than_asked_for_is_told_how_long_it_has_to_wait(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event(ONE), new_event(ONE), new_event(TWO), new_event(THREE)])
        [two] = self.claim(outbox, listener=TWO)
        outbox.record([result(two, "postpone", 20)])
        [three] = self.claim(outbox, listener=THREE)
        outbox.record([result(three, "succeed")])
        requests = [ClaimRequest(ONE, 2), ClaimRequest(TWO, 2), ClaimRequest(THREE, 2), ClaimRequest(IDLE, 2)]
        claim = outbox.claim(requests, LEASE, "t")
        assert [one.listener_id for one in claim.deliveries] == [ONE, ONE]
        assert ONE not in claim.waits, "it got all that it asked for"
        assert claim.waits[THREE] is None and claim.waits[IDLE] is None
        wait = claim.waits[TWO]
        assert wait is not None and 15 < wait <= 20
        assert outbox.claim([ClaimRequest(IDLE, 2, ordered=True)], LEASE, "t").waits == {IDLE: None}
        wait = outbox.claim([ClaimRequest(ONE, 2)], LEASE, "t").waits[ONE]
        assert wait is not None and 0 < wait <= LEASE, "until the lease ends"
        home.advance(21)
        assert [one.id for one in outbox.claim(requests, LEASE, "t").deliveries] == [two.id]

    def test_what_was_lost_comes_alone_for_its_listener_and_takes_nothing_from_others(
        self, home: Home, outbox: Outbox
    ) -> None:
        outbox.add([new_event(ONE), new_event(ONE), new_event(TWO)])
        lost = self.claim(outbox, listener=ONE)
        home.advance(LEASE + 1)
        outbox.add([new_event(ONE), new_event(TWO)])
        requests = [ClaimRequest(ONE, 5), ClaimRequest(TWO, 5)]
        found = by_listener(outbox.claim(requests, LEASE, "t2").deliveries)
        assert [one.id for one in found[ONE]] == [lost[0].id] and len(found[TWO]) == 2
        assert [attempt.outcome for attempt in outbox.attempts(lost[0].id)] == ["lost"]
        found = by_listener(outbox.claim(requests, LEASE, "t3").deliveries)
        assert [one.id for one in found[ONE]] == [lost[1].id] and TWO not in found
        found = by_listener(outbox.claim(requests, LEASE, "t4").deliveries)
        assert len(found[ONE]) == 1 and found[ONE][0].attempts == 1

    def test_a_forgiven_attempt_does_not_count_against_the_schedule(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event(ONE)])
        for number, forgiven in ((1, 1), (2, 2), (3, 2)):
            [delivery] = self.claim(outbox, listener=ONE)
            assert delivery.attempts == number
            outbox.record([replace(result(delivery, "postpone", 5), forgiven=number < 3)])
            [waiting] = outbox.of_event(delivery.event_id)
            assert (waiting.attempts, waiting.forgiven) == (number, forgiven) and waiting.due is not None
            assert self.claim(outbox, listener=ONE) == []
            home.advance(6)
        [delivery] = self.claim(outbox, listener=ONE)
        assert (delivery.attempts, delivery.forgiven) == (4, 2)
        assert len(outbox.attempts(delivery.id)) == 3

    def test_order_is_kept_for_each_listener_that_asks_for_it(self, home: Home, outbox: Outbox) -> None:
        events = [new_event(ONE, TWO, THREE) for _ in range(3)]
        outbox.add(events)
        requests = [ClaimRequest(ONE, 5, ordered=True), ClaimRequest(TWO, 5), ClaimRequest(THREE, 2, ordered=True)]
        found = by_listener(outbox.claim(requests, LEASE, "t").deliveries)
        assert {listener: len(got) for listener, got in found.items()} == {ONE: 3, TWO: 3, THREE: 2}
        outbox.record([result(found[each][0], "postpone", 10) for each in (ONE, TWO, THREE)])
        outbox.release([one for each in (ONE, TWO, THREE) for one in found[each][1:]])
        claim = outbox.claim(requests, LEASE, "t")
        assert {listener: len(got) for listener, got in by_listener(claim.deliveries).items()} == {TWO: 2}
        for listener in (ONE, THREE):
            wait = claim.waits[listener]
            assert wait is not None and 5 < wait <= 10
        home.advance(11)
        again = by_listener(outbox.claim(requests, LEASE, "t").deliveries)
        assert {listener: [one.id for one in got] for listener, got in again.items()} == {
            each: [found[each][0].id] for each in (ONE, TWO, THREE)
        }
        outbox.record([result(one, "succeed") for got in again.values() for one in got])
        last = by_listener(outbox.claim(requests, LEASE, "t").deliveries)
        assert [one.event_id for one in last[ONE]] == [event.id for event in events[1:]]
        assert [one.event_id for one in last[THREE]] == [event.id for event in events[1:]]

    def test_windows_and_single_deliveries_are_asked_for_together(self, home: Home, outbox: Outbox) -> None:
        outbox.add([replace(new_event(ONE, TWO), time=home.time() - ago) for ago in (10, 9)])  # windows that are over
        claim = outbox.claim([ClaimRequest(ONE, 1, window=0.25), ClaimRequest(TWO, 1)], LEASE, "t")
        found = by_listener(claim.deliveries)
        assert {listener: len(got) for listener, got in found.items()} == {ONE: 1, TWO: 1}
        assert TWO not in claim.waits

    def test_a_claim_is_as_much_work_among_many_listeners_and_deliveries_as_among_few(
        self, home: Home, outbox: Outbox
    ) -> None:
        few = [f"a{number:023}" for number in range(10)]
        many = [f"b{number:023}" for number in range(400)]
        asked = few[::2]
        outbox.add([new_event(*few) for _ in range(10)])

        def nothing() -> object:
            return outbox.claim([ClaimRequest(IDLE, 5)], LEASE, "t")

        def some(ordered: bool) -> object:
            claim = outbox.claim([ClaimRequest(each, 2, ordered) for each in asked], LEASE, "t")
            assert len(claim.deliveries) == 2 * len(asked)
            outbox.record([result(one, "succeed") for one in claim.deliveries])
            return claim

        def works() -> list[int]:
            outbox.ready()
            return [home.work(outbox, nothing), home.work(outbox, lambda: some(False)),
                    home.work(outbox, lambda: some(True))]  # fmt: skip

        before = works()
        for _ in range(2):
            outbox.add([new_event(*few, *many) for _ in range(10)])
        after = works()
        assert all(now <= 3 * then for now, then in zip(after, before, strict=True)), (before, after)

    def test_views_that_claim_for_the_same_listeners_at_once_share_nothing_and_lose_nothing(self, home: Home) -> None:
        views = [home.open() for _ in range(4)]
        listeners = [f"e{number:023}" for number in range(8)]
        views[0].add([new_event(*listeners) for _ in range(25)])
        claimed: list[str] = []
        order: dict[str, list[str]] = defaultdict(list)

        def work(view: Outbox, token: str) -> None:
            requests = [ClaimRequest(each, 3, ordered=number % 2 == 0) for number, each in enumerate(listeners)]
            while len(claimed) < 200:
                found = view.claim(requests, LEASE, token).deliveries
                claimed.extend(one.id for one in found)
                for one in found:
                    order[one.listener_id].append(one.event_id)
                view.record([result(one, "succeed") for one in found])

        threads = [threading.Thread(target=work, args=(view, f"t{n}"), daemon=True) for n, view in enumerate(views)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(claimed) == len(set(claimed)) == 200
        assert all(order[each] == sorted(order[each]) for each in listeners[::2])
        assert views[0].ready() == {}
        for view in views:
            view.close()

    def test_one_view_knows_of_what_another_one_did_to_the_same_deliveries(self, home: Home) -> None:
        here, elsewhere = home.open(), home.open()
        here.add([new_event(ONE), new_event(TWO), new_event(THREE)])
        assert here.ready().keys() == elsewhere.ready().keys() == {ONE, TWO, THREE}
        [one] = self.claim(elsewhere, listener=ONE)
        [two] = self.claim(elsewhere, listener=TWO)
        elsewhere.record([result(one, "give_up")])
        elsewhere.release([two])
        assert here.ready() == {TWO: 0, THREE: 0}
        assert [delivery.id for delivery in self.claim(here, listener=TWO)] == [two.id]
        here.record([result(self.claim(here, listener=THREE)[0], "postpone", 5)])
        home.advance(6)
        assert elsewhere.ready()[THREE] == 0
        assert len(self.claim(elsewhere, listener=THREE)) == 1
        home.advance(LEASE + 1)
        ready = here.ready()
        assert ready[TWO] == ready[THREE] == 0, "leases that nobody extended"
        elsewhere.add([new_event(IDLE)])
        assert here.ready()[IDLE] == 0 and len(self.claim(here, listener=IDLE)) == 1
        for view in (here, elsewhere):
            view.close()

    def test_a_delivery_that_is_retried_by_hand_is_found_by_every_view(self, home: Home) -> None:
        from pulp_events.outbox.records import DeliveryQuery

        here, elsewhere = home.open(), home.open()
        here.add([new_event(ONE), new_event(ONE)])
        found = self.claim(here, listener=ONE)
        here.record([result(one, "give_up") for one in found])
        assert here.ready() == elsewhere.ready() == {}
        assert elsewhere.revive(DeliveryQuery(), 10) == 2
        assert here.ready() == {ONE: 0}
        assert [one.id for one in self.claim(here, listener=ONE)] == [one.id for one in found]
        for view in (here, elsewhere):
            view.close()
