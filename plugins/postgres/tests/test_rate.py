"""A listener's rate holds for all processes, whatever their hosts: the bucket is in the database."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from pulp_events import EventBus
from pulp_events.outbox.rate import Rate
from pulp_events.outbox.records import ClaimRequest
from pulp_events.testing.http_sink import HttpSink
from pulp_events.testing.outbox_contract import LISTENER, new_event

WORKER = """
import sys
from pulp_events import EventBus
from pulp_events.worker.worker import Worker
sys.exit(Worker(EventBus.open).run())
"""


@contextlib.contextmanager
def workers(environment, count):
    processes = [subprocess.Popen([sys.executable, "-c", WORKER], env=environment) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


@pytest.mark.slow
def test_three_processes_send_a_hundred_a_second_together(conf):
    with HttpSink() as sink, EventBus.open(conf, deliver="external") as bus:
        bus.listeners.create("http", {"url": sink.url}, ["*"], rate="100/s")
        with workers({**os.environ, "PULP_EVENTS_CONFIG": str(conf)}, 3):
            bus.emit_many([("repo.sync.start", {"warm": n}) for n in range(200)])
            sink.wait_for(200, 30)
            began = time.time()
            bus.emit_many([("repo.sync.start", {"n": n}) for n in range(600)])
            requests = sink.wait_for(800, 60)[200:]
    times = sorted(request.time for request in requests)
    seconds = Counter(int(moment - began) for moment in times)
    # What was under way when the machine stalled arrives together, and none arrives sooner than it may leave: a bucket
    # holds six tokens, and one may be taken as it fills up.
    assert all(number <= 7 + 100 * (moment - began) for number, moment in enumerate(times, 1)), seconds
    assert times[-1] - began < 11, "more than half as fast as they may"


def test_claims_for_listeners_with_and_without_a_rate_do_not_wait_for_each_other_for_ever(place):
    """Many threads claim for the same listeners, in any order, and give back: no deadlock, no token too many."""
    rated, free = [f"{n:024x}" for n in range(6)], [f"{n:024x}" for n in range(10, 14)]
    outbox = place.outbox()
    outbox.add([new_event(*rated, *free) for _ in range(30)])
    rate, began, failures, taken = Rate(100, 1.0), time.monotonic(), [], Counter()

    def work(number):
        own = place.outbox()
        try:
            for turn in range(10):
                order = rated[number:] + rated[:number]
                requests = [ClaimRequest(each, 5, ordered=turn % 2 == 1, rate=rate) for each in order]
                requests += [ClaimRequest(each, 1) for each in free]
                claim = own.claim(requests, 60, f"{number}.{turn}")
                mine = [one for one in claim.deliveries if one.listener_id in rated]
                own.release([one for one in claim.deliveries if one.listener_id not in rated])
                taken.update(one.listener_id for one in mine)
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == [] and not any(thread.is_alive() for thread in threads)
    most = (time.monotonic() - began) * 100 + 6
    assert 0 < max(taken.values()) <= most
    outbox.close()


def test_a_bucket_is_one_row_however_often_it_changes(place):
    outbox = place.outbox()
    outbox.add([new_event() for _ in range(20)])
    for turn in range(5):
        claim = outbox.claim([ClaimRequest(LISTENER, 2, rate=Rate(1000, 1.0))], 60, f"t{turn}")
        outbox.release(claim.deliveries)
    assert outbox.database.rows("SELECT count(*), max(version) > 5 FROM @.pulp_rate") == [(1, True)]
    outbox.close()
