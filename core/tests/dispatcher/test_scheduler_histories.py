"""Any interleaving of events, updates by another process, failures, pauses and crashes, on a clock that stands still.

Nothing is lost, nothing is sent by a record that is older than a second, and with one lane the order is kept.
"""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from marshmallow import Schema, fields

from pulp_events import Channel, EventBus, Notifier, PermanentFailure, TransientFailure, hookimpl
from pulp_events.dispatcher import dispatcher as dispatcher_module
from pulp_events.errors import StoreError
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock

FRESH = 1.0


class VersionedConfig(Schema):
    version = fields.Integer(required=True, metadata={"help": "number of the record"})


class MoodyChannel(Channel):
    def __init__(self, notifier, config):
        self.notifier, self.config = notifier, config
        self.batch_size, self.in_flight = notifier.batch_size, notifier.in_flight
        self.waiting = []

    def send(self, delivery):
        self.notifier.sent(delivery, self.config)

    def submit(self, deliveries):
        self.waiting += deliveries

    def settled(self, timeout):
        while self.waiting:
            delivery = self.waiting.pop(0)
            try:
                self.send(delivery)
            except (TransientFailure, PermanentFailure) as failure:
                yield delivery, failure
            else:
                yield delivery, None


class Moody(Notifier):
    """Does as its mood is; notes what it was asked to send, by which record, and when."""

    type_id = "moody"
    config_schema = VersionedConfig
    batch_size, in_flight = 1, 0

    def __init__(self, clock):
        self.clock, self.mood, self.log, self.arrived = clock, [], [], []

    def open(self, config, settings):
        return MoodyChannel(self, config)

    def sent(self, delivery, config):
        self.log.append((self.clock.time(), delivery.listener_id, config["version"]))
        mood = self.mood.pop(0) if self.mood else "well"
        if mood == "transient":
            raise TransientFailure("503")
        if mood == "pause":
            raise TransientFailure("429", retry_after=20)
        if mood == "credentials":
            raise TransientFailure("401", credentials=True)
        if mood == "permanent":
            raise PermanentFailure("400")
        if mood == "bug":
            raise RuntimeError("bug")
        self.arrived.append((delivery.listener_id, delivery.event_id))


class DispatcherMachine(RuleBasedStateMachine):
    @initialize(batch=st.sampled_from([(1, 0), (5, 0), (1, 5)]))
    def begin(self, batch):
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "server.conf").write_text(
            "[delivery]\ndurability = normal\nretry_schedule = 5s, 1m, 10m, 1h\nlease = 30s\nconcurrency = 4\n"
        )
        self.clock = FakeClock()
        self.notifier = Moody(self.clock)
        self.notifier.batch_size, self.notifier.in_flight = batch
        self.other = self.open("external")
        self.bus = self.open("inline")
        self.records, self.expected = {}, {}
        self.crashed = []
        for lanes in (1, 1, 4):
            listener = self.other.listeners.create("moody", {"version": 0}, ["*"], lanes=lanes)
            self.records[listener.id] = [(self.clock.time(), True, 0)]
            self.expected[listener.id] = []

    def open(self, deliver):
        notifier = self.notifier

        class Plugin:
            @hookimpl
            def pulp_notifiers(self):
                return [notifier]

        plugins = Plugins()
        plugins.add("moody", Plugin())
        return EventBus.open(
            self.folder / "server.conf",
            deliver=deliver,
            plugins=plugins,
            data_dir=self.folder / "data",
            clock=self.clock,
        )

    def teardown(self):
        if hasattr(self, "bus"):
            for bus in (self.bus, self.other, *self.crashed):
                bus.close()
            shutil.rmtree(self.folder)

    def emitted(self, event):
        for listener_id in self.expected:
            self.expected[listener_id].append(event.id)

    @rule(by_other=st.booleans())
    def emit(self, by_other):
        self.emitted((self.other if by_other else self.bus).emit("repo.sync.start", {}))

    @rule(which=st.integers(0, 2))
    def update(self, which):
        listener_id = list(self.records)[which]
        *_, (_, enabled, version) = self.records[listener_id]
        self.other.listeners.update(listener_id, {"version": version + 1})
        self.records[listener_id].append((self.clock.time(), enabled, version + 1))

    @rule(which=st.integers(0, 2), enabled=st.booleans())
    def switch(self, which, enabled):
        listener_id = list(self.records)[which]
        version = self.records[listener_id][-1][2]
        (self.other.listeners.enable if enabled else self.other.listeners.disable)(listener_id)
        self.records[listener_id].append((self.clock.time(), enabled, version))

    @rule(
        moods=st.lists(
            st.sampled_from(["well", "transient", "pause", "credentials", "permanent", "bug"]), min_size=1, max_size=4
        )
    )
    def mood(self, moods):
        self.notifier.mood = moods

    @rule(seconds=st.sampled_from([0.5, 2, 6, 40, 400, 4000]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)
        self.bus.deliver_due()

    @rule()
    def crash(self):
        """The process makes attempts that nobody hears of any more, and is gone: only its leases are left."""

        def dead(*arguments, **options):
            raise StoreError("this process is gone")

        outbox = self.bus.outbox
        outbox.record = outbox.release = outbox.bury = outbox.extend = dead
        dispatcher_module.STORE_PATIENCE, patience = 0.0, dispatcher_module.STORE_PATIENCE
        try:
            self.emitted(self.bus.emit("repo.sync.start", {}))
        except StoreError:
            self.emitted_by_the_dead()
        finally:
            dispatcher_module.STORE_PATIENCE = patience
        self.crashed.append(self.bus)
        self.bus = self.open("inline")

    def emitted_by_the_dead(self):
        known = set(self.expected[next(iter(self.expected))])
        [new] = {one.event_id for one in self.other.deliveries.list(limit=10_000)} - known
        for listener_id in self.expected:
            self.expected[listener_id].append(new)

    @invariant()
    def nothing_is_lost(self):
        if not hasattr(self, "bus"):
            return
        arrived = set(self.notifier.arrived)
        found = {listener_id: [] for listener_id in self.expected}
        for delivery in self.other.deliveries.list(limit=10_000):
            found[delivery.listener_id].append(delivery.event_id)
            if delivery.state == "delivered":
                assert (delivery.listener_id, delivery.event_id) in arrived
            if delivery.state == "dead":
                assert delivery.detail
        assert {key: sorted(ids) for key, ids in found.items()} == {
            key: sorted(ids) for key, ids in self.expected.items()
        }

    @invariant()
    def nothing_is_sent_by_a_record_older_than_a_second(self):
        if not hasattr(self, "bus"):
            return
        for moment, listener_id, version in self.notifier.log:
            before = [record for record in self.records[listener_id] if record[0] <= moment - FRESH]
            allowed = [record for record in self.records[listener_id] if moment - FRESH < record[0] <= moment]
            allowed += before[-1:]
            assert any(enabled and version == number for _, enabled, number in allowed)
        self.notifier.log.clear()

    @invariant()
    def with_one_lane_the_order_is_kept(self):
        if not hasattr(self, "bus"):
            return
        dead = {
            (one.listener_id, one.event_id) for one in self.other.deliveries.list(limit=10_000) if one.state == "dead"
        }
        for listener_id in list(self.expected)[:2]:
            first = list(dict.fromkeys(event for one, event in self.notifier.arrived if one == listener_id))
            emitted = [event for event in self.expected[listener_id] if event in first]
            assert first == emitted
            last = self.expected[listener_id].index(first[-1]) if first else 0
            for event in self.expected[listener_id][:last]:
                assert event in first or (listener_id, event) in dead


DispatcherMachine.TestCase.settings = settings(
    stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSchedulerHistories = DispatcherMachine.TestCase
