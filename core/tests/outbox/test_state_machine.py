"""Random histories of an outbox, held against a model: no delivery is lost, none is invented, none ends twice."""

import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from pulp_events.outbox.records import ClaimRequest, DeliveryQuery, NewDelivery, NewEvent
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.states import TRANSITIONS, State
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import LISTENER, OTHER, result

LISTENERS = st.sampled_from([LISTENER, OTHER])
LEASE = 60.0


@dataclass
class Expected:
    """What the model knows of a delivery. Times are monotonic: a jump of the wall clock must not matter."""

    listener: str
    target: str
    state: str
    attempts: int = 0
    forgiven: int = 0
    lease: str | None = None
    ready: float = 0.0
    ended: int = 0

    def go(self, transition, now, *, lease=None, ready=0.0):
        """Take a transition, if the table of states has it."""
        legal = TRANSITIONS[transition]
        assert self.state == legal.leaves, f"{transition} leaves {legal.leaves}, not {self.state}"
        if legal.leased_before is not None:
            assert (self.lease is not None) == legal.leased_before, transition
        self.state, self.lease, self.ready = legal.enters, lease, ready
        assert (lease is not None) == legal.leased_after, transition
        self.ended += legal.enters != State.PENDING


class OutboxMachine(RuleBasedStateMachine):
    claims = Bundle("claims")

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.path = Path(self.folder.name, "outbox.sqlite")
        self.outbox = SQLiteOutbox(self.path, self.clock, durable=False, boot="this one")
        self.outbox.ready()
        self.model: dict[str, Expected] = {}
        self.numbers = itertools.count()

    def teardown(self):
        if hasattr(self, "outbox"):
            self.outbox.close()
            self.folder.cleanup()

    @property
    def now(self):
        return self.clock.monotonic()

    def pending(self):
        return sum(one.state == State.PENDING for one in self.model.values())

    @rule(
        new=st.lists(
            st.tuples(LISTENERS, st.sampled_from("xy"), st.sampled_from([False] * 9 + [True])), min_size=1, max_size=6
        )
    )
    def emit(self, new):
        event_id = f"event-{next(self.numbers)}"
        stored = [NewDelivery(listener, target, "skipped" if skip else None) for listener, target, skip in new]
        self.outbox.add([NewEvent(event_id, "repo.sync.start", self.clock.time(), "", b"{}", stored)])
        for n, (listener, target, skip) in enumerate(new):
            state = TRANSITIONS["skip" if skip else "emit"].enters
            self.model[f"{event_id}.{n}"] = Expected(listener, target, state, ended=int(skip))

    @precondition(lambda self: self.pending())
    @rule(target=claims, listener=LISTENERS, limit=st.integers(1, 5), ordered=st.booleans())
    def claim(self, listener, limit, ordered, named=None):
        token = f"token-{next(self.numbers)}"
        found = self.outbox.claim([ClaimRequest(listener, limit, ordered, ids=named)], LEASE, token).deliveries
        assert len(found) <= limit
        claimable = {
            key
            for key, one in self.model.items()
            if one.listener == listener
            and one.state == State.PENDING
            and one.ready <= self.now
            and (named is None or key in named)
        }
        if not ordered:
            assert bool(found) == bool(claimable), "what may be claimed is claimed, and nothing else"
        for delivery in found:
            assert delivery.id in claimable
            expected = self.model[delivery.id]
            assert delivery.attempts == expected.attempts + 1
            expected.go("lose" if expected.lease else "claim", self.now, lease=token, ready=self.now + LEASE)
            expected.attempts += 1
        if ordered and found:
            pending = sorted(
                (
                    self.order(key)
                    for key, one in self.model.items()
                    if one.listener == listener and one.state == State.PENDING
                )
            )
            assert [self.order(delivery.id) for delivery in found] == pending[: len(found)]
        return multiple(*found)

    @precondition(lambda self: self.pending() > 3)
    @rule(target=claims, limit=st.integers(3, 9), data=st.data())
    def claim_where_there_is_something(self, limit, data):
        waiting = sorted(
            {one.listener for one in self.model.values() if one.state == State.PENDING and one.ready <= self.now}
        )
        if not waiting:
            return multiple()
        return self.claim(data.draw(st.sampled_from(waiting)), limit, ordered=False)

    @precondition(lambda self: self.pending() > 1)
    @rule(target=claims, limit=st.integers(1, 5), ordered=st.booleans(), data=st.data())
    def claim_certain_ones(self, limit, ordered, data):
        pending = sorted(key for key, one in self.model.items() if one.state == State.PENDING)
        first = data.draw(st.sampled_from(pending))
        named = {first, *data.draw(st.lists(st.sampled_from(sorted(self.model)), max_size=6))}
        return self.claim(self.model[first].listener, limit, ordered, sorted(named))

    @staticmethod
    def order(delivery_id):
        return tuple(int(part) for part in delivery_id.removeprefix("event-").split("."))

    @rule(delivery=consumes(claims), how=st.sampled_from(["succeed", "postpone", "give_up"]), wait=st.integers(1, 100))
    def record(self, delivery, how, wait):
        """By whoever claimed it, also when its lease ended long ago."""
        [held] = self.outbox.record([result(delivery, how, wait if how == "postpone" else None)])
        expected = self.model[delivery.id]
        mine = expected.state == State.PENDING and expected.lease == delivery.lease
        should_hold = mine or (how == "succeed" and expected.state == State.PENDING)
        assert held == should_hold
        if held:
            expected.go(how, self.now, ready=self.now + wait if how == "postpone" else 0.0)

    @rule(delivery=consumes(claims))
    def release(self, delivery):
        self.outbox.release([delivery])
        expected = self.model[delivery.id]
        if expected.state == State.PENDING and expected.lease == delivery.lease:
            expected.attempts -= 1
            expected.go("release", self.now, ready=self.now if expected.attempts > expected.forgiven else 0.0)

    @rule(delivery=claims)
    def extend(self, delivery):
        self.outbox.extend([delivery], LEASE)
        expected = self.model[delivery.id]
        if expected.state == State.PENDING and expected.lease == delivery.lease:
            expected.ready = self.now + LEASE

    @rule(delivery=consumes(claims))
    def crash(self, delivery):
        """Its process is gone: nobody will ever say what became of the attempt."""

    @precondition(lambda self: self.pending() > 12)
    @rule(listener=LISTENERS, gone=st.sampled_from([None, ["x"], ["y"]]))
    def delete_or_update_listener(self, listener, gone):
        count = self.outbox.bury(listener, "gone", gone)
        for one in self.model.values():
            if one.listener == listener and one.state == State.PENDING and (gone is None or one.target in gone):
                one.go("bury", self.now)
                count -= 1
        assert count == 0

    @precondition(lambda self: any(one.state == State.DEAD for one in self.model.values()))
    @rule(listener=LISTENERS)
    def revive(self, listener):
        count = self.outbox.revive(DeliveryQuery(listener_id=listener), 1000)
        for one in self.model.values():
            if one.listener == listener and one.state == State.DEAD:
                one.go("revive", self.now)
                one.forgiven = one.attempts
                count -= 1
        assert count == 0

    @precondition(lambda self: self.pending())
    @rule(listener=LISTENERS)
    def hasten(self, listener):
        count = self.outbox.hasten(DeliveryQuery(listener_id=listener), 1000)
        for one in self.model.values():
            if one.listener == listener and one.state == State.PENDING and not one.lease and one.ready > self.now:
                one.go("hasten", self.now, ready=self.now)
                count -= 1
        assert count == 0

    @precondition(lambda self: self.pending() > 12)
    @rule(listener=LISTENERS)
    def discard(self, listener):
        """What nobody is attempting; the lease of a process that is gone is nobody's once it ended."""
        count = self.outbox.discard(DeliveryQuery(listener_id=listener), "gone", 1000)
        for one in self.model.values():
            if one.listener != listener or one.state != State.PENDING:
                continue
            if one.lease is None or one.ready <= self.now:
                one.lease = None
                one.go("discard", self.now)
                count -= 1
        assert count == 0

    @precondition(lambda self: self.pending())
    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0, 3600.0]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @precondition(lambda self: self.pending())
    @rule(seconds=st.sampled_from([-86400.0, -61.0, 61.0, 3600.0]))
    def clock_jumps(self, seconds):
        self.clock.jump(seconds)

    @precondition(lambda self: self.pending())
    @rule(seconds=st.sampled_from([30.0, 61.0, 1200.0]))
    def machine_sleeps(self, seconds):
        """Retries come due meanwhile; leases, which nobody could extend, last as long as before."""
        self.clock.sleep(seconds)
        for one in self.model.values():
            if one.state == State.PENDING and one.lease is None and one.ready:
                one.ready -= seconds

    @precondition(lambda self: self.pending() > 4)
    @rule()
    def restart(self):
        self.outbox.close()
        self.outbox = SQLiteOutbox(self.path, self.clock, durable=False, boot="this one")

    @invariant()
    def nothing_is_lost_or_invented(self):
        if not hasattr(self, "outbox"):
            return
        stored = {
            delivery.id: (delivery.listener_id, delivery.target, delivery.state, delivery.attempts, delivery.lease)
            for delivery in self.outbox.find(DeliveryQuery(), 10_000)
        }
        assert stored == {
            key: (one.listener, one.target, one.state, one.attempts, one.lease) for key, one in self.model.items()
        }
        stats = self.outbox.stats()
        assert stats.delivered == sum(one.state == State.DELIVERED for one in self.model.values())


OutboxMachine.TestCase.settings = settings(
    stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestRandomHistories = OutboxMachine.TestCase
