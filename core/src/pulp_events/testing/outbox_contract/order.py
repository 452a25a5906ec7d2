"""Claims about listeners whose deliveries finish in the order of their events."""

from __future__ import annotations

import threading

from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.store import Outbox
from pulp_events.testing.outbox_contract.home import Home, Outboxes, new_event, result


class OrderClaims(Outboxes):
    """Claims about listeners whose deliveries finish in the order of their events."""

    def test_ordered_a_failure_holds_back_what_comes_after_it(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(3)])
        batch = self.claim(outbox, ordered=True)
        assert len(batch) == 3
        outbox.record([result(batch[0], "postpone", 10)])
        outbox.release(batch[1:])
        assert self.claim(outbox, ordered=True) == []
        home.advance(11)
        [head] = self.claim(outbox, ordered=True)
        assert head.id == batch[0].id
        assert self.claim(outbox, token="t2", ordered=True) == []
        outbox.record([result(head, "succeed")])
        assert [delivery.id for delivery in self.claim(outbox, ordered=True)] == [one.id for one in batch[1:]]

    def test_ordered_a_retry_comes_alone(self, home: Home, outbox: Outbox) -> None:
        """Until it is known how it ends, nothing after it may begin: neither first attempts nor other retries."""
        outbox.add([new_event() for _ in range(4)])
        batch = self.claim(outbox, limit=2, ordered=True)
        outbox.record([result(one, "postpone", 10) for one in batch])
        home.advance(11)
        for expected in batch:
            [alone] = self.claim(outbox, ordered=True)
            assert (alone.id, alone.attempts) == (expected.id, 2)
            outbox.record([result(alone, "succeed")])
        assert len(self.claim(outbox, ordered=True)) == 2

    def test_ordered_nothing_is_claimed_while_an_older_one_is_under_way(self, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        assert len(self.claim(outbox, limit=1, ordered=True)) == 1
        assert self.claim(outbox, token="t2", ordered=True) == []

    def test_ordered_a_revived_delivery_goes_before_younger_ones(self, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [old] = self.claim(outbox, ordered=True)
        outbox.record([result(old, "give_up")])
        outbox.add([new_event()])
        outbox.revive(DeliveryQuery(), 10)
        assert [delivery.id for delivery in self.claim(outbox, ordered=True)][0] == old.id

    def test_ordered_views_that_claim_at_once_do_not_overtake_each_other(self, home: Home) -> None:
        views = [home.open() for _ in range(4)]
        events = [new_event() for _ in range(60)]
        views[0].add(events)
        claimed: list[str] = []

        def work(view: Outbox, token: str) -> None:
            while len(claimed) < 60:
                found = self.claim(view, limit=3, token=token, ordered=True)
                claimed.extend(delivery.event_id for delivery in found)
                view.record([result(delivery, "succeed") for delivery in found])

        threads = [threading.Thread(target=work, args=(view, f"t{n}"), daemon=True) for n, view in enumerate(views)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert claimed == [event.id for event in events]
        for view in views:
            view.close()
