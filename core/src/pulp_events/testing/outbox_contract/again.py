"""Claims about what administrators deliver again, give up, or look for."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import Addition, EventQuery
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result


class AgainClaims(Outboxes):
    """Claims about what administrators deliver again, give up, or look for."""

    def test_a_delivery_that_waits_for_its_retry_is_due_at_once_and_its_schedule_goes_on(
        self, home: Home, outbox: Outbox
    ) -> None:
        outbox.add([new_event() for _ in range(3)])
        waiting, held, fresh = self.claim(outbox)
        outbox.record([result(waiting, "postpone", 3600.0), result(fresh, "succeed")])
        outbox.add([new_event(), new_event(OTHER)])
        second = home.open()
        assert outbox.hasten(DeliveryQuery(), 10) == 1
        assert second.changed()
        assert outbox.hasten(DeliveryQuery(), 10) == 0, "it is due already"
        [first, never] = self.claim(second, token="t2")
        assert (first.id, first.attempts, first.forgiven) == (waiting.id, 2, 0)
        assert (never.attempts, never.id != held.id) == (1, True)
        assert list(outbox.record([result(held, "succeed"), result(first, "postpone", 5.0)])) == [True, True]
        second.close()

    def test_as_many_as_asked_for_are_due_at_once(self, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(5)])
        outbox.record([result(one, "postpone", 3600.0) for one in self.claim(outbox)])
        assert [outbox.hasten(DeliveryQuery(listener_id=LISTENER), 2) for _ in range(4)] == [2, 2, 1, 0]
        assert len(self.claim(outbox)) == 5

    def test_in_order_a_hastened_one_is_first_still(self, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(2)])
        [first] = self.claim(outbox, limit=1, ordered=True)
        outbox.record([result(first, "postpone", 3600.0)])
        assert self.claim(outbox, ordered=True) == []
        assert outbox.hasten(DeliveryQuery(event_id=first.event_id), 10) == 1
        assert [one.id for one in self.claim(outbox, ordered=True)] == [first.id]

    def test_a_pending_delivery_is_discarded_with_its_reason_and_none_that_is_being_attempted(
        self, home: Home, outbox: Outbox
    ) -> None:
        outbox.add([new_event() for _ in range(3)])
        waiting, held = self.claim(outbox, limit=2)
        outbox.record([result(waiting, "postpone", 3600.0)])
        outbox.add([new_event(OTHER)])
        query = DeliveryQuery(listener_id=LISTENER)
        assert [outbox.discard(query, "not needed", 1) for _ in range(3)] == [1, 1, 0]
        dead = outbox.find(DeliveryQuery(state=State.DEAD), 10)
        assert [(one.detail, one.lease, one.finished is None) for one in dead] == [("not needed", None, False)] * 2
        assert list(outbox.record([result(held, "succeed")])) == [True]
        assert outbox.ready() == {OTHER: 0.0}
        assert outbox.revive(DeliveryQuery(state=State.DEAD), 10) == 2, "it is dead as any other"

    def test_what_a_process_that_is_gone_was_attempting_is_discarded(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event()])
        [held] = self.claim(outbox)
        assert outbox.discard(DeliveryQuery(), "not needed", 9) == 0
        home.advance(LEASE + 1)
        assert outbox.discard(DeliveryQuery(), "not needed", 9) == 1
        assert list(outbox.record([result(held, "give_up")])) == [False]

    def test_deliveries_are_found_by_what_their_detail_says(self, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(4)])
        one, two, three, _ = self.claim(outbox)
        outbox.record(
            [
                result(one, "give_up", detail="HTTP 500: 100% full_disk"),
                result(two, "postpone", 3600.0, detail="Read timeout"),
                result(three, "succeed", detail="Größe 1"),
            ]
        )
        for text, fit in (
            ("500", [one]), ("TIMEOUT", [two]), ("100%", [one]), ("full_", [one]), ("0%d", []), ("GRÖSSE", []),
            ("Größe", [three]), ("h", [one]), ("nul\0", []), ("'", []),
        ):  # fmt: skip
            query = DeliveryQuery(error=text)
            assert [each.id for each in outbox.find(query, 9)] == [each.id for each in fit], text
            assert outbox.count(query) == len(fit)
        outbox.bury(LISTENER, "the listener was deleted")
        assert outbox.count(DeliveryQuery(error="was deleted")) == 2, "the reason, not the last attempt"
        assert outbox.revive(DeliveryQuery(error="full"), 9) == 1
        assert outbox.purge(DeliveryQuery(error="was deleted"), 9) == 2

    def test_deliveries_to_several_listeners_are_found_together(self, outbox: Outbox) -> None:
        third = "c" * 24
        outbox.add([new_event(LISTENER, OTHER, third)])
        for wanted in ([], [OTHER], [third, LISTENER], ["d" * 24]):
            query = DeliveryQuery(listener_ids=wanted)
            assert {each.listener_id for each in outbox.find(query, 9)} == {LISTENER, OTHER, third} & set(wanted)

    def test_repeats_are_told_from_what_they_repeat(self, outbox: Outbox) -> None:
        event, other = new_event(), new_event()
        outbox.add([event, other])
        for each in self.claim(outbox):
            outbox.record([result(each, "succeed")])
        first, second, third, lone = f"{event.id}.0", f"{event.id}.1", f"{event.id}.2", f"{other.id}.0"
        for old, new in ((first, second), (second, third)):
            assert list(outbox.add_deliveries([Addition(event.id, LISTENER, repeat_of=old)])) == [new]

        def found(**asked: bool) -> list[str]:
            query = DeliveryQuery(**asked)  # type: ignore[arg-type]
            assert outbox.count(query) == len(outbox.find(query, 9))
            return [each.id for each in outbox.find(query, 9)]

        assert found(is_repeat=True) == [third, second] and found(is_repeat=False) == [lone, first]
        assert found(has_repeat=True) == [second, first] and found(has_repeat=False) == [lone, third]
        assert found(has_repeat=False, is_repeat=False) == [lone]

    def test_what_waits_for_its_retry_is_told_from_what_is_due_or_being_attempted(
        self, home: Home, outbox: Outbox
    ) -> None:
        outbox.add([new_event() for _ in range(4)])
        later, soon, _held = self.claim(outbox, limit=3)
        outbox.record([result(later, "postpone", 3600.0), result(soon, "postpone", 10.0)])
        for seconds, fit in ((5.0, [soon.id, later.id]), (20.0, [later.id]), (4000.0, [])):
            query = DeliveryQuery(waiting_at=datetime.fromtimestamp(home.time() + seconds, UTC))
            assert [each.id for each in outbox.find(query, 9)] == fit

    def test_what_is_being_attempted_is_told_from_what_may_be_given_up(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event() for _ in range(4)])
        later, held, also_held = self.claim(outbox, limit=3)
        outbox.record([result(later, "postpone", 3600.0)])
        for seconds, fit in ((0.0, 2), (100_000.0, 4)):  # a lease that has ended is nobody's
            query = DeliveryQuery(free_at=datetime.fromtimestamp(home.time() + seconds, UTC))
            found = {each.id for each in outbox.find(query, 9)}
            assert outbox.count(query) == len(found) == fit
            assert ({held.id, also_held.id} <= found) == (fit == 4) and later.id in found
        query = DeliveryQuery(free_at=datetime.fromtimestamp(home.time(), UTC))
        assert outbox.discard(DeliveryQuery(), "given up", 9) == 2 and outbox.count(query) == 0

    def test_deliveries_are_listed_oldest_first_page_by_page(self, outbox: Outbox) -> None:
        outbox.add([new_event(LISTENER, OTHER, event_type=f"repo.{'ab'[number % 2]}") for number in range(6)])
        for query in (DeliveryQuery(), DeliveryQuery(event_type="repo.a"), DeliveryQuery(state=State.PENDING)):
            expected = [each.id for each in outbox.find(query, 99)][::-1]
            found: list[str] = []
            while page := outbox.find(query, 5, after=found[-1] if found else None, oldest_first=True):
                found += [each.id for each in page]
            assert found == expected and len(found) in (6, 12)

    def test_an_event_tells_how_many_deliveries_it_ever_had(self, home: Home, outbox: Outbox) -> None:
        event = replace(new_event(LISTENER, OTHER), time=home.time())
        outbox.add([event, replace(new_event(), deliveries=())])
        outbox.add_deliveries([Addition(event.id, "c" * 24)])

        def counts() -> list[tuple[int, int]]:
            return [(each.deliveries, each.numbers) for each in map(outbox.event, [event.id]) if each is not None]

        assert counts() == [(3, 3)]
        outbox.bury(OTHER, "gone")
        outbox.purge(DeliveryQuery(), 9, keep_events=1000.0)
        assert counts() == [(2, 3)]
        outbox.bury("c" * 24, "gone")
        outbox.purge(DeliveryQuery(), 9, keep_events=1000.0)
        assert counts() == [(1, 3)]
        assert [(each.deliveries, each.numbers) for each in outbox.events(EventQuery(), 9)] == [(0, 0), (1, 3)]

    def test_notes_are_kept_under_their_keys(self, home: Home, outbox: Outbox) -> None:
        assert outbox.notes("") == {}
        outbox.note("backfill a 1", "one")
        outbox.note("backfill a 2", "two")
        outbox.note("backfill b_1", "Größe %")
        outbox.note("backfill a 1", "three")
        second = home.open()
        assert second.notes("backfill a") == {"backfill a 1": "three", "backfill a 2": "two"}
        assert second.notes("backfill b%") == {}
        assert len(second.notes("")) == 3
        second.close()

    def test_of_many_that_repeat_one_delivery_at_once_one_does(self, home: Home) -> None:
        outboxes = [home.open() for _ in range(4)]
        events = [new_event() for _ in range(20)]
        outboxes[0].add(events)
        outboxes[0].record([result(one, "succeed") for one in self.claim(outboxes[0], limit=20)])
        start, added = threading.Barrier(4), list[str | None]()

        def repeat(own: Outbox) -> None:
            start.wait()
            for event in events:
                added.extend(own.add_deliveries([Addition(event.id, LISTENER, repeat_of=f"{event.id}.0")]))

        threads = [threading.Thread(target=repeat, args=(each,)) for each in outboxes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(filter(None, added)) == sorted(f"{event.id}.1" for event in events)
        for each in outboxes:
            each.close()
