"""Windows: any history of claims, failures, crashes and restarts against a model that counts."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.states import State
from pulp_events.outbox.window import SETTLE, remaining, window_of
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import LEASE
from pulp_events.testing.outbox_contract.windows import LISTENER, WINDOW, event_at, took

ENDINGS = ["succeed", "postpone", "give_up", "crash before", "crash after", "release"]


class Windows(RuleBasedStateMachine):
    """`sent` stands for the receiver: what it was sent under which id, where an id is the set that a message is of."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.path = Path(self.folder.name) / "outbox.sqlite"
        self.outbox = SQLiteOutbox(self.path, self.clock)
        self.random = random.Random(7)
        self.emitted = {}
        """Delivery id → time of the event."""
        self.attempted = {}
        """Delivery id → the set that it was first attempted in."""
        self.sent = {}
        """Set → how often it was sent."""
        self.given_up = set()
        self.number = 0

    def teardown(self):
        self.outbox.close()
        self.folder.cleanup()

    @rule(count=st.integers(1, 4), ago=st.sampled_from([0, 0, 0, 1, 30, 1000]), to=st.sampled_from(["a", "ab"]))
    def emit(self, count, ago, to):
        events = [event_at(self.clock.time() - ago, tuple(to)) for _ in range(count)]
        self.outbox.add(events)
        for event in events:
            self.emitted |= {f"{event.id}.{n}": event.time for n in range(len(event.deliveries))}

    @rule(seconds=st.sampled_from([0.1, 1, 20, LEASE + 1, WINDOW / 2, WINDOW, 3 * WINDOW]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @rule(ordered=st.booleans(), ending=st.sampled_from(ENDINGS))
    def claim(self, ordered, ending):
        self.number += 1
        claim = self.outbox.claim([ClaimRequest(LISTENER, 1, ordered, WINDOW)], LEASE, f"t{self.number}")
        found = list(claim.deliveries)
        if not found:
            return
        ids = frozenset(delivery.id for delivery in found)
        assert len({delivery.target for delivery in found}) == 1
        assert len({window_of(self.emitted[id], WINDOW) for id in ids}) == 1
        now = self.clock.time()
        assert all(remaining(self.emitted[id], WINDOW, now) == 0 for id in ids)
        before = {self.attempted[id] for id in ids if id in self.attempted}
        assert before in (set(), {ids}), "as it was attempted before, and nothing else with it"
        if ending == "release":
            self.outbox.release(found)
            return
        self.attempted |= dict.fromkeys(ids, ids)
        if ending == "crash before":
            return
        if ending in ("succeed", "crash after", "postpone"):  # of a failure nobody knows whether it was taken
            self.sent[ids] = self.sent.get(ids, 0) + 1
        if ending in ("crash after", "crash before"):
            return
        wait = 5.0 + self.random.random()
        held = self.outbox.record([took(one, ending, wait if ending == "postpone" else None) for one in found])
        assert all(held)
        if ending == "give_up":
            self.given_up |= ids

    @invariant()
    def each_event_is_counted_once_by_whoever_drops_repeated_messages(self):
        counted = [id for ids in self.sent for id in ids]
        assert len(counted) == len(set(counted))

    @invariant()
    def what_is_stored_is_what_was_emitted(self):
        found = {one.id: one.state for one in self.outbox.find(DeliveryQuery(), 10_000)}
        assert found.keys() == self.emitted.keys()
        delivered = {id for id, state in found.items() if state == State.DELIVERED}
        assert delivered <= {id for ids in self.sent for id in ids}
        assert {id for id, state in found.items() if state == State.DEAD} == self.given_up
        assert all(state in (State.PENDING, State.DELIVERED, State.DEAD) for state in found.values())


TestWindows = Windows.TestCase
TestWindows.settings = settings(stateful_step_count=30, deadline=None)


@given(
    st.floats(0, 2e9), st.sampled_from([1.0, 60.0, 900.0, 86400.0]), st.floats(0, 100, exclude_min=True)
)  # fmt: skip
def test_an_event_is_at_most_one_window_late(time, window, step):
    left = remaining(time, window, time)
    assert 0 < left <= window + SETTLE + 1e-3
    assert remaining(time, window, time + left + 1e-3) == 0
    assert remaining(time, window, time + min(step, left) * 0.99) > 0


@pytest.mark.parametrize(("time", "now", "left"), [(0, 0, 900.5), (899, 899, 1.5), (899, 901, 0), (900, 901, 899.5)])
def test_windows_are_multiples_since_the_epoch(time, now, left):
    assert remaining(time, 900, now) == left
