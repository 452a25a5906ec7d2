"""Random histories of a whole bus: every event that emit returned for arrives, waits, or is dead with a reason."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from marshmallow import Schema, fields

from pulp_events import EventBus, Notifier, PermanentFailure, TransientFailure, hookimpl
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock

TYPES = ["repo.sync.start", "repo.sync.finish", "repo.publish.start"]
PATTERNS = st.lists(st.sampled_from([*TYPES, "*", "repo.sync.*", "repo.#"]), min_size=1, max_size=2)


class WhimConfig(Schema):
    to = fields.List(fields.String(), metadata={"help": "targets"})


class Whim(Notifier):
    """Succeeds and fails as `mood` says; notes what arrived."""

    type_id = "whim"
    config_schema = WhimConfig

    def __init__(self):
        self.mood, self.arrived = "well", Counter()

    def targets(self, config):
        return config.get("to") or [""]

    def open(self, config, settings):
        channel = super().open(config, settings)
        channel.send = self.send
        return channel

    def send(self, delivery):
        if self.mood == "down":
            raise TransientFailure("503")
        if self.mood == "refuses":
            raise PermanentFailure("400")
        if self.mood == "crashes":
            raise RuntimeError("bug")
        self.arrived[delivery.id] += 1


class BusMachine(RuleBasedStateMachine):
    @initialize(skip=st.booleans(), one_lane=st.booleans())
    def begin(self, skip, one_lane):
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "server.conf").write_text(
            f"[delivery]\nwhile_disabled = {'skip' if skip else 'wait'}\nlanes = {1 if one_lane else 4}\n"
            "durability = normal\nretry_schedule = 5s, 1m, 1h\n"
        )
        self.clock, self.notifier = FakeClock(), Whim()
        self.expected = {}
        self.open()

    def open(self):
        notifier = self.notifier

        class Plugin:
            @hookimpl
            def pulp_notifiers(self):
                return [notifier]

        plugins = Plugins()
        plugins.add("whim", Plugin())
        self.bus = EventBus.open(
            self.folder / "server.conf",
            deliver="inline",
            plugins=plugins,
            data_dir=self.folder / "data",
            clock=self.clock,
        )

    def teardown(self):
        if hasattr(self, "bus"):
            self.bus.close()
            shutil.rmtree(self.folder)

    @rule(patterns=PATTERNS, to=st.sampled_from([[], ["x"], ["x", "y"]]), enabled=st.sampled_from([True, True, False]))
    def create(self, patterns, to, enabled):
        if len(self.bus.listeners.list()) < 4:
            self.bus.listeners.create("whim", {"to": to}, patterns, enabled=enabled)

    @precondition(lambda self: self.bus.listeners.list())
    @rule(event_type=st.sampled_from(TYPES))
    def emit(self, event_type):
        event = self.bus.emit(event_type, {})
        concerned = [
            (listener.id, target)
            for listener in self.bus.listeners.list()
            if any(self.concerns(pattern, event_type) for pattern in listener.event_types)
            for target in listener.targets
        ]
        self.expected[event.id] = sorted(concerned)

    @staticmethod
    def concerns(pattern, event_type):
        return {"*": True, "repo.#": True, "repo.sync.*": event_type.startswith("repo.sync.")}.get(
            pattern, pattern == event_type
        )

    @precondition(lambda self: self.bus.listeners.list())
    @rule(data=st.data(), what=st.sampled_from(["enable", "disable", "enable", "delete"]))
    def switch(self, data, what):
        listener = data.draw(st.sampled_from(self.bus.listeners.list()))
        getattr(self.bus.listeners, what)(listener.id)

    @precondition(lambda self: self.bus.listeners.list())
    @rule(data=st.data(), patterns=PATTERNS, to=st.sampled_from([["x"], ["y"], None]))
    def update(self, data, patterns, to):
        listener = data.draw(st.sampled_from(self.bus.listeners.list()))
        self.bus.listeners.update(listener.id, {"to": to}, patterns)

    @rule(mood=st.sampled_from(["well", "well", "down", "refuses", "crashes"]))
    def mood(self, mood):
        self.notifier.mood = mood

    @rule(seconds=st.sampled_from([1, 10, 100, 4000]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)
        self.bus.deliver_due()

    @rule(seconds=st.sampled_from([-3600, 3600]))
    def clock_jumps(self, seconds):
        self.clock.jump(seconds)

    @rule()
    def restart(self):
        self.bus.close()
        self.open()

    @invariant()
    def each_expected_delivery_is_there_once_and_says_what_became_of_it(self):
        if not hasattr(self, "bus"):
            return
        found = {}
        for delivery in self.bus.deliveries.list(limit=10_000):
            found.setdefault(delivery.event_id, []).append((delivery.listener_id, delivery.target))
            assert delivery.state != "dead" or delivery.detail
            # inline and without crashes of the process, what arrived is what is delivered, exactly once
            assert self.notifier.arrived[delivery.id] == (delivery.state == "delivered")
        assert {key: sorted(value) for key, value in found.items()} == {
            key: value for key, value in self.expected.items() if value
        }


BusMachine.TestCase.settings = settings(stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
TestRandomHistories = BusMachine.TestCase
