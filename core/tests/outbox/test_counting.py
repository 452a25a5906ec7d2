"""Random histories of an outbox: what it says without counting is what counting says."""

import itertools
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pulp_events.outbox.activity import KEPT, By
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery, NewDelivery, NewEvent
from pulp_events.outbox.sqlite import counting
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.states import FINISHED, Outcome, State, Transition
from pulp_events.outbox.stored_event import Addition
from pulp_events.system.clock import from_timestamp
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import LISTENER, OTHER, result

LISTENERS = st.sampled_from([LISTENER, OTHER])
TYPES = st.sampled_from(["repo.sync.start", "repo.sync.finish"])
KEEP = dict.fromkeys(FINISHED, 1e9)


class Counting(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.small_steps = patch.object(counting, "STEP", 3)  # so that an hour takes several
        self.small_steps.start()
        self.clock = FakeClock()
        self.began = from_timestamp(self.clock.time())
        self.outbox = self.open()
        self.ids = itertools.count()
        self.claimed = []
        self.happened = Counter()

    def open(self):
        return SQLiteOutbox(Path(self.folder.name) / "outbox.sqlite", self.clock, durable=False, boot="")

    def teardown(self):
        if hasattr(self, "outbox"):
            self.small_steps.stop()
            self.outbox.close()
            self.folder.cleanup()

    @rule(listeners=st.lists(LISTENERS, max_size=3), event_type=TYPES, skip=st.booleans(), expires=st.booleans())
    def emit(self, listeners, event_type, skip, expires):
        now = self.clock.time()
        deliveries = [
            NewDelivery(each, f"t{n}", "off" if skip and not n else None, now + 100 if expires else None)
            for n, each in enumerate(listeners)
        ]
        self.outbox.add([NewEvent(f"e{next(self.ids):05}", event_type, now, "", b"{}", deliveries)])

    @rule(listener=LISTENERS, limit=st.integers(1, 5), ordered=st.booleans())
    def claim(self, listener, limit, ordered):
        before, lost = self.dead(), self.lost()
        request = ClaimRequest(listener, limit, ordered)
        found = self.outbox.claim([request], 60, f"t{next(self.ids)}").deliveries
        for _, _, listener_id, event_type in self.lost() - lost:
            self.happened[listener_id, event_type, Outcome.LOST] += 1
        self.left(before, Transition.EXPIRE)
        self.claimed += found

    def lost(self):
        return {
            (one.id, attempt.number, one.listener_id, one.event_type)
            for one in self.outbox.find(DeliveryQuery(), 10_000)
            for attempt in self.outbox.attempts(one.id)
            if attempt.outcome == Outcome.LOST
        }

    @rule(listener=LISTENERS, ways=st.lists(st.sampled_from(["succeed", "postpone"]), min_size=1, max_size=4))
    def deliver_for_a_while(self, listener, ways):
        for way in ways:
            self.emit([listener], "repo.sync.start", False, False)
            self.claim(listener, 1, False)
            self.record([way])
            self.clock.advance(61.0)

    @rule(listener=LISTENERS)
    def lose(self, listener):
        self.claim(listener, 3, False)
        self.clock.advance(61.0)
        self.claim(listener, 3, False)

    @rule(hours=st.sampled_from([4, 30, 100]))
    def keep_for_long(self, hours):
        self.clock.advance(hours * 3600)
        self.maintain(1e9, 1e9)

    def dead(self):
        return {each.id for each in self.outbox.find(DeliveryQuery(state=State.DEAD), 10_000)}

    def left(self, before, transition):
        for one in self.outbox.find(DeliveryQuery(state=State.DEAD), 10_000):
            if one.id not in before:
                self.happened[one.listener_id, one.event_type, transition] += 1

    @rule(ways=st.lists(st.sampled_from(["succeed", "postpone", "give_up"]), max_size=5))
    def record(self, ways):
        taken, self.claimed = self.claimed[: len(ways)], self.claimed[len(ways) :]
        results = [result(one, way, 30.0) for one, way in zip(taken, ways, strict=False)]
        held = self.outbox.record(results)
        for each, is_held in zip(results, held, strict=True):
            pair = (each.delivery.listener_id, each.delivery.event_type)
            self.happened[*pair, each.attempt.outcome] += 1
            if is_held and each.transition in (Transition.SUCCEED, Transition.GIVE_UP):
                self.happened[*pair, each.transition] += 1

    @rule()
    def give_back(self):
        self.outbox.release(self.claimed)
        self.claimed = []

    @rule()
    def expire_what_is_claimed(self):
        before = self.dead()
        self.outbox.expire(self.claimed)
        self.left(before, Transition.EXPIRE)
        self.claimed = []

    @rule(listener=LISTENERS, labels=st.sampled_from([None, ["t0"], ["t0", "t2"]]))
    def bury(self, listener, labels):
        before = self.dead()
        self.outbox.bury(listener, "gone", labels)
        self.left(before, Transition.BURY)

    @rule(listener=LISTENERS)
    def discard(self, listener):
        before = self.dead()
        self.outbox.discard(DeliveryQuery(listener_id=listener), "enough", 3)
        self.left(before, Transition.DISCARD)

    @rule()
    def revive(self):
        self.outbox.revive(DeliveryQuery(), 3)

    @rule()
    def hasten(self):
        self.outbox.hasten(DeliveryQuery(), 3)

    @rule(keep=st.sampled_from([0.0, 1e9]))
    def purge(self, keep):
        self.outbox.purge(DeliveryQuery(), 3, keep)

    @rule(number=st.integers(0, 20), listener=LISTENERS)
    def add_deliveries(self, number, listener):
        self.outbox.add_deliveries([Addition(f"e{number:05}", listener, "", None)])

    @rule(number=st.integers(0, 20))
    def erase(self, number):
        before = self.dead()
        self.outbox.erase([f"e{number:05}"], self.outbox.begin_erasure("me", "it"))
        self.left(before, Transition.ERASE)

    @rule(keep=st.sampled_from([10.0, 1e9]), keep_events=st.sampled_from([0.0, 1e9]))
    def maintain(self, keep, keep_events):
        before = self.dead()
        while self.outbox.maintain(dict.fromkeys(FINISHED, 1e9), 1e9):
            pass
        self.left(before, Transition.EXPIRE)
        self.outbox.maintain(dict.fromkeys(FINISHED, keep), keep_events)

    @rule()
    def count(self):
        self.outbox._writer.run(lambda own: counting.count_on(own, self.clock.time()))

    @rule(hours=st.sampled_from([0.01, 0.5, 5, 100]))
    def let_time_pass(self, hours):
        self.clock.advance(hours * 3600)

    @rule()
    def restart(self):
        self.outbox.close()
        self.outbox = self.open()
        self.claimed = []

    @invariant()
    def counts_are_those_of_the_tables(self):
        if not hasattr(self, "outbox"):
            return
        stats = self.outbox.stats()
        found = self.outbox.find(DeliveryQuery(), 10_000)
        counts = Counter((each.listener_id, each.state) for each in found)
        told = {(id, state): n for id, them in stats.by_listener.items() for state, n in them.items() if n}
        assert told == counts
        assert stats.totals == {state: sum(each.state == state for each in found) for state in State}
        [(events, alone)] = self.outbox._reader.rows("SELECT count(*), COALESCE(sum(alone), 0) FROM pulp_event")
        assert (stats.events, stats.events_alone) == (events, alone)
        pending = [each for each in found if each.state == State.PENDING]
        assert stats.oldest_pending == min((each.event_time for each in pending), default=None)

    @invariant()
    def what_happened_is_told(self):
        if not hasattr(self, "outbox") or self.clock.time() - self.began.timestamp() > max(KEPT.values()):
            return
        now = from_timestamp(self.clock.time())
        pending = [each for each in self.outbox.find(DeliveryQuery(), 10_000) if each.state == State.PENDING]
        for by, number, name in ((By.LISTENER, 0, "listener_id"), (By.EVENT_TYPE, 1, "event_type")):
            found = self.outbox.activity(self.began, now + timedelta(days=1), by)
            told = Counter()
            for key, each in found.groups.items():
                told.update({(key, outcome): count for outcome, count in each.attempts.items()})
                told.update({(key, way): count for way, count in each.ended.items()})
                told[key, Transition.SUCCEED] += each.delivered
                assert each.seconds.count == sum(each.attempts.values()) - each.attempts.get(Outcome.LOST, 0)
                assert sum(point.failed for point in each.series) == each.failed
                assert sum(point.delivered for point in each.series) == each.attempts.get(Outcome.DELIVERED, 0)
                its = [one for one in pending if getattr(one, name) == key]
                assert each.pending == len(its)
                assert each.oldest_pending == min((one.event_time for one in its), default=None)
                assert each.under_way == sum(one.lease is not None and one.due > now for one in its)
            expected = Counter()
            for key, count in self.happened.items():
                expected[key[number], key[2]] += count
            assert +told == +expected, (+told, +expected)


Counting.TestCase.settings = settings(
    deadline=None, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
TestCounting = Counting.TestCase
