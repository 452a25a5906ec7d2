"""Claims about what administrators change, and cleaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pulp_events.outbox.records import DeliveryQuery, Due
from pulp_events.outbox.states import State
from pulp_events.outbox.store import CountsOfEvents, Outbox
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result


class UpkeepClaims(Outboxes):
    """Claims about what administrators change, and cleaning."""

    def test_burying_ends_what_is_pending_and_says_why(self, outbox: Outbox) -> None:
        outbox.add([new_event(targets=("x", "y")), new_event(OTHER)])
        assert outbox.bury(LISTENER, "target gone", ["y"]) == 1
        assert outbox.bury(LISTENER, "listener gone") == 1
        details = {delivery.target: delivery.detail for delivery in outbox.find(DeliveryQuery(state=State.DEAD), 9)}
        assert details == {"x": "listener gone", "y": "target gone"}
        assert outbox.ready() == {OTHER: 0}

    def test_a_revived_delivery_begins_its_schedule_anew_and_keeps_its_attempts(self, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        batch = self.claim(outbox)
        outbox.record([result(batch[0], "give_up"), result(batch[1], "succeed")])
        assert outbox.revive(DeliveryQuery(), 10) == 1
        [again] = self.claim(outbox)
        assert (again.id, again.attempts, again.forgiven) == (batch[0].id, 2, 1)
        assert len(outbox.attempts(again.id)) == 1

    def test_purging_deletes_finished_deliveries_only(self, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(3)])
        batch = self.claim(outbox, limit=2)
        outbox.record([result(batch[0], "give_up"), result(batch[1], "succeed")])
        assert outbox.purge(DeliveryQuery(), 1) == 1
        assert outbox.purge(DeliveryQuery(), 10) == 1
        assert outbox.stats().pending == 1
        assert list(outbox.attempts(batch[0].id)) == []

    def test_an_event_is_kept_as_long_as_any_of_its_deliveries_and_no_longer(self, home: Home, outbox: Outbox) -> None:
        shared, alone, pending = new_event(LISTENER, OTHER), new_event(), new_event()
        outbox.add([shared, alone, pending])
        outbox.record([result(one, "succeed") for one in self.claim(outbox, limit=2)])
        assert outbox.purge(DeliveryQuery(), 10) == 2
        assert [one.listener_id for one in outbox.of_event(shared.id)] == [OTHER]
        assert [one.report for one in self.claim(outbox, listener=OTHER)] == [shared.report]
        assert list(outbox.of_event(alone.id)) == []
        outbox.add([alone])  # which a store refuses that has it still
        assert len(outbox.of_event(alone.id)) == len(outbox.of_event(pending.id)) == 1

    def test_deliveries_of_an_event_are_counted_by_listener(self, home: Home, outbox: Outbox) -> None:
        if not isinstance(outbox, CountsOfEvents):
            pytest.skip("it does not count them without reading them, as it need not")
        shared, alone = new_event(LISTENER, OTHER, targets=("x", "y")), new_event(LISTENER)
        outbox.add([shared, alone])
        outbox.record([result(one, "succeed") for one in self.claim(outbox, limit=1)])
        assert outbox.counts_of_event(shared.id) == {LISTENER: 2, OTHER: 2}
        assert outbox.counts_of_event(alone.id) == {LISTENER: 1} and outbox.counts_of_event("none") == {}

    def test_cleaning_deletes_what_finished_long_ago_and_nothing_else(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(4)])
        batch = self.claim(outbox, limit=2)
        outbox.record([result(batch[0], "succeed"), result(batch[1], "give_up")])
        home.advance(1000)
        fresh = self.claim(outbox, limit=1)
        outbox.record([result(fresh[0], "succeed")])
        self.clean(outbox, {State.DELIVERED: 500, State.DEAD: 2000})
        assert outbox.stats().delivered == 1 and outbox.stats().dead == 1
        home.advance(1001)
        self.clean(outbox, {State.DELIVERED: 500, State.DEAD: 2000})
        stats = outbox.stats()
        assert (stats.pending, stats.delivered, stats.dead) == (1, 0, 0)

    def test_what_is_due_is_counted_up_to_a_limit_with_how_long_it_is(self, home: Home, outbox: Outbox) -> None:
        assert outbox.due([LISTENER, OTHER], 10) == Due(0, 0.0)
        now = home.time()
        outbox.add([replace(new_event(), time=now - 500), replace(new_event(), time=now - 300)])
        outbox.add([replace(new_event(OTHER), time=now - 100)])
        for asked, count, longest in (
            ([LISTENER, OTHER], 3, 500), ([LISTENER], 2, 500), ([OTHER], 1, 100), (["c" * 24], 0, 0), ([], 0, 0)
        ):  # fmt: skip
            due = outbox.due(asked, 10)
            assert due.count == count and longest <= due.longest < longest + 30
        assert outbox.due([LISTENER, OTHER], 2).count == outbox.due([LISTENER], 2).count == 2

    def test_neither_what_is_attempted_nor_what_waits_for_a_retry_is_due(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(3)])
        first, second, third = self.claim(outbox)
        outbox.record([result(first, "postpone", 1000.0), result(second, "succeed")])
        assert outbox.due([LISTENER], 10).count == 0
        home.advance(LEASE + 30)  # whoever had the third was killed
        due = outbox.due([LISTENER], 10)
        assert due.count == 1 and 29 <= due.longest < 60
        home.advance(1000)
        assert outbox.due([LISTENER], 10).count == 2
        outbox.extend([third], LEASE)
        assert outbox.due([LISTENER], 10).count == 1

    @staticmethod
    def clean(outbox: Outbox, keep: Mapping[State, float]) -> None:
        """Clean until there is nothing more to do."""
        for _ in range(1000):
            if not outbox.maintain(keep):
                return
        raise AssertionError("cleaning never ends")
