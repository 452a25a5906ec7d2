"""Claims about storing deliveries and handing them out."""

from __future__ import annotations

import threading

import pytest

from pulp_events.errors import StoreError
from pulp_events.outbox.bell import bell_of
from pulp_events.outbox.records import ClaimRequest, NewDelivery, NewEvent
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result


class StoringAndClaimingClaims(Outboxes):
    """Claims about storing deliveries and handing them out."""

    def test_deliveries_are_claimed_in_emit_order_with_what_was_stored(self, outbox: Outbox) -> None:
        events = [new_event() for _ in range(5)]
        outbox.add(events[:2])
        outbox.add(events[2:])
        claimed = self.claim(outbox)
        assert [delivery.event_id for delivery in claimed] == [event.id for event in events]
        first = claimed[0]
        assert (first.report, first.event_type, first.source) == (events[0].report, "repo.sync.start", "here")
        assert first.event_time.timestamp() == events[0].time
        assert (first.state, first.attempts, first.lease) == (State.PENDING, 1, "t1")

    def test_each_target_of_each_listener_has_a_delivery_and_an_id_of_its_own(self, outbox: Outbox) -> None:
        event = new_event(LISTENER, OTHER, targets=("x@example.com", "y@example.com"))
        outbox.add([event])
        deliveries = outbox.of_event(event.id)
        pairs = [(listener, target) for listener in (LISTENER, OTHER) for target in ("x@example.com", "y@example.com")]
        assert [(delivery.listener_id, delivery.target) for delivery in deliveries] == pairs
        assert len({delivery.id for delivery in deliveries}) == 4

    def test_a_claim_takes_only_its_listener_and_no_more_than_asked_for(self, outbox: Outbox) -> None:
        outbox.add([new_event(OTHER), new_event(LISTENER), new_event(LISTENER)])
        assert len(self.claim(outbox, limit=1)) == 1
        assert len(self.claim(outbox)) == 1
        assert self.claim(outbox) == []

    def test_what_is_stored_is_there_for_the_next_to_open_the_home(self, home: Home) -> None:
        first = home.open()
        event = new_event()
        first.add([event])
        first.close()
        second = home.open()
        assert [delivery.event_id for delivery in second.of_event(event.id)] == [event.id]
        second.close()

    def test_an_event_that_cannot_be_stored_takes_the_others_of_its_call_with_it(self, outbox: Outbox) -> None:
        event, fresh = new_event(), new_event()
        outbox.add([event])
        with pytest.raises(StoreError):
            outbox.add([fresh, event])
        assert list(outbox.of_event(fresh.id)) == []
        assert outbox.stats().pending == 1

    def test_a_skipped_delivery_stands_as_dead_with_its_reason(self, outbox: Outbox) -> None:
        event = NewEvent("skipped", "repo.sync.start", 1.0, "", b"{}", [NewDelivery(LISTENER, "", "was disabled")])
        outbox.add([event])
        [delivery] = outbox.of_event("skipped")
        assert (delivery.state, delivery.detail) == (State.DEAD, "was disabled")
        assert delivery.finished is not None
        assert self.claim(outbox) == []

    def test_two_views_never_claim_the_same_delivery(self, home: Home) -> None:
        views = [home.open() for _ in range(4)]
        views[0].add([new_event() for _ in range(200)])
        claimed: list[str] = []

        def work(view: Outbox, token: str) -> None:
            while found := self.claim(view, limit=7, token=token):
                claimed.extend(delivery.id for delivery in found)

        threads = [threading.Thread(target=work, args=(view, f"t{n}")) for n, view in enumerate(views)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(claimed) == len(set(claimed)) == 200
        for view in views:
            view.close()

    def test_a_view_notices_what_another_one_stored(self, home: Home) -> None:
        watcher, writer = home.open(), home.open()
        watcher.changed()
        assert not watcher.changed()
        writer.add([new_event()])
        assert watcher.changed()
        assert not watcher.changed()
        watcher.close()
        writer.close()

    def test_a_bell_rings_when_another_view_stored_something(self, home: Home) -> None:
        watcher, writer, rung = home.open(), home.open(), threading.Event()
        bell = bell_of(watcher, rung.set)
        if bell is not None:  # an outbox need not have one
            assert not rung.is_set()
            writer.add([new_event()])
            assert rung.wait(30)
            assert bell.hears
            bell.close()
        watcher.close()
        writer.close()

    def test_ready_names_who_waits_and_for_how_long(self, home: Home, outbox: Outbox) -> None:
        assert outbox.ready() == {}
        outbox.add([new_event(LISTENER), new_event(OTHER)])
        assert outbox.ready() == {LISTENER: 0, OTHER: 0}
        [delivery] = self.claim(outbox)
        assert 0 < outbox.ready()[LISTENER] <= LEASE
        outbox.record([result(delivery, "postpone", 10)])
        assert 5 < outbox.ready()[LISTENER] <= 10
        assert 5 < (outbox.claim([ClaimRequest(LISTENER, 1)], LEASE, "t").waits[LISTENER] or 0) <= 10
        home.advance(11)
        assert outbox.ready()[LISTENER] == 0
