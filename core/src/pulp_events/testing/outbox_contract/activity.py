"""Claims about what is counted when it happens, and never by looking at everything."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pulp_events.outbox.activity import Activities, By
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import FINISHED, Outcome, State, Transition
from pulp_events.outbox.store import CountsWhatHappens, Outbox
from pulp_events.outbox.stored_event import Addition
from pulp_events.testing.outbox_contract.home import LEASE, LISTENER, OTHER, Home, Outboxes, new_event, result

START, FINISH = "repo.sync.start", "repo.sync.finish"


class ActivityClaims(Outboxes):
    """Claims about counts, and what happened; those of the latter are skipped for a store without `activity`."""

    def counts(self, outbox: Outbox) -> Counter[tuple[str, State]]:
        """What there is, by looking at all of it."""
        return Counter((each.listener_id, each.state) for each in outbox.find(DeliveryQuery(), 10_000))

    def check_counts(self, outbox: Outbox) -> None:
        """What the store says without looking is what is there."""
        stats, there = outbox.stats(), self.counts(outbox)
        told = {(id, state): n for id, counts in stats.by_listener.items() for state, n in counts.items() if n}
        assert told == there
        assert stats.totals == {state: sum(n for (_, its), n in there.items() if its == state) for state in State}

    def happened(self, home: Home, outbox: Outbox, by: By = By.LISTENER) -> Activities:
        """In the last two hours."""
        if not isinstance(outbox, CountsWhatHappens):
            pytest.skip("this store does not count what happens")
        return outbox.activity(self.moment(home, -7200), None, by)

    def moment(self, home: Home, seconds: float) -> datetime:
        """So many seconds from now."""
        return datetime.fromtimestamp(home.time(), UTC) + timedelta(seconds=seconds)

    def test_counts_are_those_of_all_that_is_stored_whatever_was_done_to_it(self, home: Home, outbox: Outbox) -> None:
        first = [new_event(LISTENER, OTHER, targets=("a", "b")) for _ in range(5)]
        outbox.add([*first, replace(new_event(), deliveries=[])])
        self.check_counts(outbox)
        batch = self.claim(outbox, limit=8)
        outbox.record([result(each, ("succeed", "give_up", "postpone")[n % 3], 5) for n, each in enumerate(batch)])
        self.check_counts(outbox)
        outbox.bury(OTHER, "it is gone", ["a"])
        self.check_counts(outbox)
        assert outbox.revive(DeliveryQuery(listener_id=OTHER), 2) == 2
        assert outbox.discard(DeliveryQuery(listener_id=OTHER), "enough", 3) == 3
        self.check_counts(outbox)
        outbox.add_deliveries([Addition(first[0].id, "c" * 24, "", None)])
        outbox.erase([first[1].id], outbox.begin_erasure("me", "it"))
        self.check_counts(outbox)
        assert outbox.purge(DeliveryQuery(), 5, 1e9) == 5
        self.check_counts(outbox)
        while outbox.maintain(dict.fromkeys(FINISHED, 1e9), 1e9):
            pass
        self.check_counts(outbox)
        outbox.purge(DeliveryQuery(), 100)
        outbox.revive(DeliveryQuery(), 100)
        self.check_counts(outbox)
        stats = outbox.stats()
        assert stats.events_alone == 1
        while outbox.maintain(dict.fromkeys(FINISHED, -1.0), -1.0):
            pass
        self.check_counts(outbox)
        again = home.open()
        self.check_counts(again)
        again.close()

    def test_what_happened_is_told_by_listener_and_by_event_type(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event(LISTENER, OTHER), new_event(event_type=FINISH), new_event()])
        batch = self.claim(outbox)
        results = [result(each, way, 9) for each, way in zip(batch, ("succeed", "give_up", "postpone"), strict=True)]
        assert list(outbox.record(results)) == [True, True, True]
        outbox.record(results[:1])  # too late, as it was made already: an attempt, and no delivery
        found = self.happened(home, outbox)
        its = found.groups[LISTENER]
        assert its.attempts == {Outcome.DELIVERED: 2, Outcome.PERMANENT: 1, Outcome.TRANSIENT: 1}
        assert (its.delivered, its.failed, its.dead, its.pending, its.under_way) == (1, 2, 1, 1, 0)
        assert its.seconds.count == 4 and its.seconds.quantile(0.5) == pytest.approx(0.25, rel=0.1)
        assert (sum(point.delivered for point in its.series), sum(point.failed for point in its.series)) == (2, 2)
        assert len(its.series) == found.span.pieces
        [waiting] = outbox.find(DeliveryQuery(state=State.PENDING, listener_id=LISTENER), 9)
        assert its.oldest_pending == waiting.event_time
        assert (found.groups[OTHER].attempts, found.groups[OTHER].pending) == ({}, 1)
        types = self.happened(home, outbox, By.EVENT_TYPE)
        assert types.groups[FINISH].attempts == {Outcome.PERMANENT: 1} and types.groups[START].failed == 1
        assert types.groups[FINISH].oldest_pending is None
        assert types.groups[START].oldest_pending == found.total.oldest_pending
        assert types.total == found.total
        assert isinstance(outbox, CountsWhatHappens)
        assert outbox.activity(self.moment(home, -60), None, By.EVENT_TYPE, [OTHER]).groups.keys() == {START}

    def test_what_is_under_way_and_what_was_lost_are_told(self, home: Home, outbox: Outbox) -> None:
        outbox.add([new_event(), new_event()])
        self.claim(outbox, limit=1)
        assert self.happened(home, outbox).groups[LISTENER].under_way == 1
        home.advance(LEASE + 1)
        assert len(self.claim(outbox, token="t2")) == 1
        its = self.happened(home, outbox).groups[LISTENER]
        assert (its.attempts, its.seconds.count, its.under_way) == ({Outcome.LOST: 1}, 0, 1)

    def test_how_deliveries_were_given_up_is_told(self, home: Home, outbox: Outbox) -> None:
        events = [new_event() for _ in range(4)]
        late = new_event()
        late.deliveries[0].expires = home.time() + 5
        outbox.add([*events, late])
        outbox.erase([events[0].id], outbox.begin_erasure("me", "it"))
        outbox.discard(DeliveryQuery(event_id=events[1].id), "enough", 9)
        home.advance(6)
        while outbox.maintain(dict.fromkeys(FINISHED, 1e9), 1e9):
            pass
        outbox.bury(LISTENER, "it is gone")
        its = self.happened(home, outbox).groups[LISTENER]
        assert its.ended == {
            Transition.ERASE: 1, Transition.DISCARD: 1, Transition.EXPIRE: 1, Transition.BURY: 2
        }  # fmt: skip
        assert (its.discarded, its.dead, its.pending, its.oldest_pending) == (5, 0, 0, None)

    def test_what_happened_stays_told_when_it_was_deleted_and_as_it_grows_old(self, home: Home, outbox: Outbox) -> None:
        def deliver() -> Delivery:
            outbox.add([new_event()])
            [one] = self.claim(outbox)
            outbox.record([result(one, "succeed")])
            return one

        def delivered(hours: float) -> int:
            assert isinstance(outbox, CountsWhatHappens)
            found = outbox.activity(self.moment(home, -3600 * hours), None, By.LISTENER).groups
            return found[LISTENER].delivered if LISTENER in found else 0

        self.happened(home, outbox)
        deliver()
        outbox.purge(DeliveryQuery(), 9)
        deliver()
        assert delivered(1) == 2
        for hours, known in ((4, 0), (30, 0), (60, 0)):
            home.advance(3600 * hours)
            while outbox.maintain(dict.fromkeys(FINISHED, 1e9), 1e9):
                pass
            assert delivered(1) == known
        assert delivered(24 * 7) == 2
        home.advance(86400 * 95)
        while outbox.maintain(dict.fromkeys(FINISHED, 1e9), 1e9):
            pass
        assert delivered(24 * 200) == 0

    def test_counting_takes_the_same_however_much_is_kept(self, home: Home, outbox: Outbox) -> None:
        def deliver(count: int) -> None:
            outbox.add([new_event() for _ in range(count)])
            while batch := self.claim(outbox, limit=500):
                outbox.record([result(each, "succeed") for each in batch])
            while outbox.maintain(dict.fromkeys(FINISHED, 1e9), 1e9):
                pass

        deliver(30)
        few = home.work(outbox, outbox.stats)
        deliver(3000)
        assert home.work(outbox, outbox.stats) <= 2 * few
