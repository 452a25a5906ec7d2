"""A rolling upgrade: workers and emitting processes of two releases on one store, killed at random."""

import random
import time
from collections import Counter

from releases import EMITTER, MAKER, NOW, WORKER, emit, end, kill

from pulp_events import EventBus
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.testing.http_sink import HttpSink

TOO_NEW = "newer release"
EVENTS, KILLS = 100, 5
"""Before processes of the new release come in; twice as many after that."""


class Rolling:
    """Two workers and an emitter of each release; whoever is killed is started again, or, where its release refuses
    the store by then, started as the new one."""

    def __init__(self, releases, config, earlier, seed):
        self.releases = releases
        self.config = config
        self.dice = random.Random(seed)
        self.refused = 0
        self.stored = set()
        self.earlier = earlier
        self.workers, self.emitters = [], []

    def run(self, url):
        """All of it; `url`: of the endpoint."""
        maker = self._start(self.earlier, MAKER)
        maker.stdin.write(f"{url}/one\n{url}/other\n")
        status, said = end(maker)
        assert status == 0, said
        self._join(self.earlier)
        self._go_on(EVENTS, KILLS)
        self._join(NOW)
        self._go_on(2 * EVENTS, 2 * KILLS)
        self._finish()

    def _start(self, name, code):
        return self.releases.start(name, code, self.config)

    def _join(self, name):
        """Processes of a release come in."""
        self.workers += [self._start(name, WORKER), self._start(name, WORKER)]
        self.emitters.append(self._start(name, EMITTER))

    def _go_on(self, events, kills):
        """Emit so many events, and kill a process so many times meanwhile."""
        kill_at = {self.dice.randrange(events) for _ in range(kills)}
        for number in range(events):
            place = self.dice.randrange(len(self.emitters))
            event_id = emit(self.emitters[place], f"event {number}")
            if event_id:
                self.stored.add(event_id)
            else:
                self.emitters[place] = self._replaced(self.emitters[place], EMITTER)
            if number in kill_at:
                self._kill_one()
            for place, worker in enumerate(self.workers):
                if worker.poll() is not None:
                    self.workers[place] = self._replaced(worker, WORKER)

    def _kill_one(self):
        processes = self.dice.choice([self.workers, self.workers, self.emitters])
        place = self.dice.randrange(len(processes))
        victim = processes[place]
        time.sleep(self.dice.random() * 0.02)
        kill(victim)
        processes[place] = self._start(victim.release, EMITTER if processes is self.emitters else WORKER)

    def _replaced(self, ended, code):
        """In place of one that ended by itself, which only a release that meets newer tables may do."""
        status, said = end(ended)
        assert status == 1 and TOO_NEW in said and ended.release is not NOW, (ended.release, status, said)
        self.refused += 1
        return self._start(NOW, code)

    def _finish(self, timeout=90.0):
        """Wait until nothing is pending."""
        deadline = time.monotonic() + timeout
        with EventBus.open(self.config, deliver="external") as bus:
            while bus.deliveries.count(DeliveryQuery(state=State.PENDING)):
                assert time.monotonic() < deadline, "deliveries are left"
                time.sleep(0.2)
                for place, worker in enumerate(self.workers):
                    if worker.poll() is not None:
                        self.workers[place] = self._replaced(worker, WORKER)


def check_all_arrived(sink: HttpSink, stored):
    """Each event that was said to be stored came to both listeners."""
    came = Counter((request.path, request.headers["pulp-event-id"]) for request in sink.requests)
    missing = {(path, each) for path in ("/one", "/other") for each in stored} - came.keys()
    assert not missing, f"{len(missing)} of {2 * len(stored)} were lost"
