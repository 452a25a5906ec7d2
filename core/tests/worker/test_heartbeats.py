"""Which workers there are, as others see it, however they end."""

import os
import signal
from contextlib import contextmanager
from importlib.metadata import version

import pytest

from pulp_events import EventBus
from pulp_events.plugins.registry import Plugins


@contextmanager
def looking(place):
    with EventBus.open(place.config, deliver="external", plugins=Plugins()) as bus:
        yield lambda: {one.pid: one for one in bus.workers()}


def test_a_worker_is_seen_while_it_works_gone_when_it_is_killed_and_forgotten_when_it_ends_in_order(place, eventually):
    with looking(place) as workers:
        killed = place.worker()
        # At first it may be seen as what any process is that opens a bus.
        eventually(lambda: killed.pid in workers() and workers()[killed.pid].kind == "worker")
        seen = workers()[killed.pid]
        assert (seen.kind, seen.delivers, seen.gone) == ("worker", True, False)
        assert seen.version == version("pulp-events") and seen.plugins["spool"] == "1.0"
        assert "spool" in seen.notifier_types and seen.host == os.uname().nodename
        killed.kill()
        killed.wait()
        assert workers()[killed.pid].gone  # at once, not after some beats
        stopped = place.worker()
        eventually(lambda: stopped.pid in workers())
        assert not workers()[stopped.pid].gone
        stopped.send_signal(signal.SIGTERM)
        assert stopped.wait(30) == 0
        assert workers().keys() == {killed.pid}


def test_a_worker_that_reads_its_settings_again_stays_the_one_it_is(place, eventually):
    with looking(place) as workers:
        worker = place.worker()
        eventually(workers)
        before = workers()[worker.pid].id
        worker.send_signal(signal.SIGHUP)
        eventually(lambda: worker.pid in workers() and workers()[worker.pid].id != before)
        eventually(lambda: [one.kind for one in workers().values()] == ["worker"])


@pytest.mark.slow
def test_a_worker_stopped_with_work_under_way_tells_how_much_that_is(place, eventually):
    place.listener(delay=120)
    place.emit(3)
    worker = place.worker()
    with looking(place) as workers:  # with the beat that follows the start, or with the next one
        eventually(lambda: worker.pid in workers() and workers()[worker.pid].in_flight, 60)
