"""Claims about deliveries that are added to stored events: by a backfill, and as repeats."""

from __future__ import annotations

import threading

from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import Addition, EventQuery
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result
from pulp_events.testing.outbox_contract.stored import alone, at, maintained


class AdditionClaims(Outboxes):
    """Part of `OutboxContract`."""

    def test_a_delivery_is_added_to_a_stored_event_once_for_its_listener_and_target(
        self, home: Home, outbox: Outbox
    ) -> None:
        event, bare, there = alone(), alone(), new_event(targets=("x", "y"))
        outbox.add([event, bare, there])
        added = outbox.add_deliveries(
            [
                Addition(event.id, LISTENER),
                Addition(event.id, LISTENER),
                Addition(event.id, LISTENER, "y"),
                Addition(event.id, OTHER),
                Addition("no such event", LISTENER),
                Addition(there.id, LISTENER, "y"),
                Addition(there.id, OTHER, "y"),
            ]
        )
        assert list(added) == [f"{event.id}.0", None, f"{event.id}.1", f"{event.id}.2", None, None, f"{there.id}.2"]
        assert list(outbox.add_deliveries([Addition(event.id, OTHER)])) == [None]
        assert outbox.ready().keys() == {LISTENER, OTHER}
        assert outbox.stats().events_alone == 1
        taken = self.claim(outbox)
        assert [one.id for one in taken] == [f"{event.id}.0", f"{event.id}.1", f"{there.id}.0", f"{there.id}.1"]
        assert [(one.report, one.attempts) for one in taken[:1]] == [(event.report, 1)]
        assert list(outbox.record([result(one, "succeed") for one in taken])) == [True] * 4
        assert list(outbox.add_deliveries([Addition(event.id, LISTENER)])) == [None], "it was delivered"

    def test_a_repeat_names_what_it_repeats_and_has_an_id_of_its_own(self, home: Home, outbox: Outbox) -> None:
        event = at(home, new_event())
        outbox.add([event])
        [first] = self.claim(outbox)
        outbox.record([result(first, "succeed")])
        repeat = Addition(event.id, LISTENER, repeat_of=first.id)
        further = Addition(event.id, LISTENER, repeat_of=f"{event.id}.1")
        assert list(outbox.add_deliveries([repeat, repeat, further])) == [f"{event.id}.1", None, f"{event.id}.2"]
        assert list(outbox.add_deliveries([repeat, further])) == [None, None]
        found = {one.id: one.repeat_of for one in outbox.of_event(event.id)}
        assert found == {first.id: None, f"{event.id}.1": first.id, f"{event.id}.2": f"{event.id}.1"}
        claimed = [(one.id, one.repeat_of, one.detail) for one in self.claim(outbox)]
        assert claimed == [(f"{event.id}.1", first.id, ""), (f"{event.id}.2", f"{event.id}.1", "")]

    def test_the_id_of_a_delivery_that_was_deleted_is_given_to_no_other(self, home: Home, outbox: Outbox) -> None:
        event = at(home, new_event(LISTENER, OTHER))
        outbox.add([event])
        [taken] = self.claim(outbox, listener=OTHER)
        outbox.record([result(taken, "succeed")])
        outbox.purge(DeliveryQuery(), 9, keep_events=1000.0)
        assert list(outbox.add_deliveries([Addition(event.id, "c" * 24)])) == [f"{event.id}.2"]
        outbox.bury("c" * 24, "gone")
        outbox.bury(LISTENER, "gone")
        outbox.purge(DeliveryQuery(), 9, keep_events=1000.0)
        stored = outbox.event(event.id)
        assert stored is not None and (stored.deliveries, stored.numbers) == (0, 3)
        assert list(outbox.add_deliveries([Addition(event.id, OTHER)])) == [f"{event.id}.3"]

    def test_of_many_that_add_one_delivery_at_once_one_does_and_cleaning_takes_no_event_from_it(
        self, home: Home
    ) -> None:
        outboxes = [home.open() for _ in range(5)]
        events = [at(home, alone(), 200.0) for _ in range(40)]
        outboxes[0].add(events)
        start = threading.Barrier(5)
        added: list[str | None] = []

        def add(own: Outbox) -> None:
            start.wait()
            for number in range(0, 40, 8):
                part = events[number : number + 8]
                added.extend(own.add_deliveries([Addition(each.id, LISTENER) for each in part]))

        def clean() -> None:
            start.wait()
            maintained(outboxes[4], keep_events=100.0)

        threads = [threading.Thread(target=add, args=(each,)) for each in outboxes[:4]]
        threads.append(threading.Thread(target=clean))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stored = [each for each in added if each is not None]
        assert len(stored) == len(set(stored))
        left = outboxes[0].events(EventQuery(), 99)
        assert len(left) == len(stored) and all(each.deliveries == 1 for each in left)
        claimed = outboxes[0].claim([ClaimRequest(LISTENER, 99)], LEASE, "t").deliveries
        assert sorted(one.id for one in claimed) == sorted(stored)
        for each in outboxes:
            each.close()

    def test_what_is_added_is_claimed_where_nobody_expected_it(self, home: Home, outbox: Outbox) -> None:
        old, later = alone(), new_event()
        outbox.add([old, later])
        second = home.open()
        [one] = self.claim(second)
        second.record([result(one, "succeed")])
        assert second.ready() == {}
        outbox.add_deliveries([Addition(old.id, LISTENER)])
        assert second.changed()
        assert second.ready() == {LISTENER: 0}
        assert [each.id for each in self.claim(second)] == [f"{old.id}.0"]
        assert [each.state for each in outbox.of_event(old.id)] == [State.PENDING]
        second.close()
