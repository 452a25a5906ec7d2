"""Any interleaving of what several threads of a worker do, on a clock that stands still: turns begin and end while a
claim is in the database, and so do outcomes, changes of records and pauses.

What is claimed is always under way or next in line, and once all is well, everything arrives.
"""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from marshmallow import Schema

from pulp_events import Channel, EventBus, Notifier, PermanentFailure, TransientFailure, hookimpl
from pulp_events.dispatcher.turn import Turn
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock

A = "repo.sync.start"
MOODS = st.lists(st.sampled_from(["well", "down", "down", "down", "pause", "refuse", "hang"]), min_size=1, max_size=12)


class OddChannel(Channel):
    def __init__(self, notifier):
        self.notifier = notifier
        self.batch_size, self.in_flight = notifier.batch_size, notifier.in_flight
        self.waiting = []

    def send(self, delivery):
        self.notifier.sent(delivery)

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


class Odd(Notifier):
    """Does as its mood is, and `hang`s in the middle of an attempt of one of several threads: others go on then."""

    type_id = "odd"
    config_schema = Schema
    batch_size, in_flight = 1, 0

    def __init__(self):
        self.mood, self.meanwhile = [], []

    def open(self, config, settings):
        return OddChannel(self)

    def sent(self, delivery):
        mood = self.mood.pop(0) if self.mood else "well"
        if mood == "hang" and self.meanwhile:
            self.meanwhile.pop()()
        if mood == "down":
            raise TransientFailure("503")
        if mood == "pause":
            raise TransientFailure("429", retry_after=20)
        if mood == "refuse":
            raise PermanentFailure("400")


class SlowClaimsMachine(RuleBasedStateMachine):
    """`hands`: turns that threads have taken and not begun yet."""

    @initialize(batch=st.sampled_from([(1, 0), (5, 0), (1, 5)]), lanes=st.sampled_from([(1, 4), (4, 8)]))
    def begin(self, batch, lanes):
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "server.conf").write_text(
            "[delivery]\ndurability = normal\nretry_schedule = 5s, 1m, 10m, 1h\nlease = 30s\nconcurrency = 4\n"
        )
        self.clock, self.notifier, self.hands = FakeClock(), Odd(), []
        self.notifier.batch_size, self.notifier.in_flight = batch
        self.other, self.bus = self.open("external"), self.open("inline")
        self.scheduler, self.crew = self.bus.dispatcher._scheduler, self.bus.dispatcher._crew
        self.listeners = [self.other.listeners.create("odd", {}, ["*"], lanes=each).id for each in lanes]
        self.emitted = 0
        claim, self.meanwhile = self.bus.outbox.claim, []

        def slow(*arguments):
            found = claim(*arguments)
            todo, self.meanwhile = self.meanwhile, []
            for action in todo:
                action()
            return found

        self.bus.outbox.claim = slow

    def open(self, deliver):
        notifier = self.notifier

        class Plugin:
            @hookimpl
            def pulp_notifiers(self):
                return [notifier]

        plugins = Plugins()
        plugins.add("odd", Plugin())
        path, data = self.folder / "server.conf", self.folder / "data"
        return EventBus.open(path, deliver=deliver, plugins=plugins, data_dir=data, clock=self.clock)

    def teardown(self):
        if hasattr(self, "bus"):
            self.once_all_is_well_everything_arrives()
            self.bus.close()
            self.other.close()
            shutil.rmtree(self.folder)

    # What happens, at any time or while a claim is in the database

    def a_turn_ends(self):
        if self.hands:
            self.crew.do(self.hands.pop(0))

    def results_are_stored(self):
        self.bus.dispatcher._recorder.flush(wait=False)

    def circuit_opens(self):
        route = self.bus.dispatcher._routes.known(self.listeners[1])
        for _ in range(5 if route is not None else 0):
            route.circuit.failed(self.clock.monotonic())

    def a_listener_is_muted(self):
        self.other.listeners.mute(self.listeners[0], 5)

    def a_listener_is_disabled(self):
        self.other.listeners.disable(self.listeners[1])

    def a_listener_is_enabled(self):
        self.other.listeners.enable(self.listeners[1])

    def threads_hang(self):
        route = self.bus.dispatcher._routes.known(self.listeners[1])
        if route is not None:
            route.abandoned = 0 if route.abandoned else 20

    def time_passes(self):
        self.clock.advance(7)

    HAPPENINGS = st.sampled_from(
        [
            "a_turn_ends", "a_turn_ends", "results_are_stored", "circuit_opens", "a_listener_is_muted", "time_passes",
            "a_listener_is_disabled", "a_listener_is_enabled", "threads_hang",
        ]
    )  # fmt: skip

    @rule(count=st.integers(1, 12))
    def emit(self, count):
        self.other.emit_many([(A, {})] * count)
        self.emitted += 2 * count

    @rule(mood=MOODS)
    def mood(self, mood):
        self.notifier.mood = mood

    @rule(what=HAPPENINGS)
    def happens(self, what):
        getattr(self, what)()

    @rule(meanwhile=st.lists(HAPPENINGS, max_size=4), also_hanging=HAPPENINGS)
    def a_thread_asks_for_work(self, meanwhile, also_hanging):
        self.meanwhile = [getattr(self, each) for each in meanwhile]
        self.notifier.meanwhile = [getattr(self, also_hanging)]
        self.bus.dispatcher._timekeeper.look()
        work = self.scheduler.next()
        if isinstance(work, Turn):
            self.hands.append(work)
        elif work is not None:
            self.crew.do(work)

    @precondition(lambda self: hasattr(self, "bus"))
    @rule()
    def the_timekeeper_supervises(self):
        self.bus.dispatcher._timekeeper._supervise(self.clock.monotonic())

    def once_all_is_well_everything_arrives(self):
        self.notifier.mood, self.meanwhile, self.notifier.meanwhile = [], [], []
        while self.hands:
            self.a_turn_ends()
        if (route := self.bus.dispatcher._routes.known(self.listeners[1])) is not None:
            route.abandoned = 0
        self.a_listener_is_enabled()
        for _ in range(8):
            # Less than a lease, and renewed each time: what nobody attempts would never come back.
            for _ in range(3):
                self.clock.advance(11)
                self.the_timekeeper_supervises()
            self.bus.deliver_due()
            self.clock.advance(600)
            self.bus.deliver_due()
        states = [one.state for one in self.other.deliveries.list(limit=10_000)]
        assert len(states) == self.emitted and "pending" not in states

    @invariant()
    def what_is_claimed_is_under_way_or_next_in_line(self):
        if not hasattr(self, "bus"):
            return
        queued = self.scheduler._queues.queued
        for route in self.bus.dispatcher._routes.all():
            assert not route.waiting or route.turns or route in queued


SlowClaimsMachine.TestCase.settings = settings(
    stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSlowClaimHistories = SlowClaimsMachine.TestCase
