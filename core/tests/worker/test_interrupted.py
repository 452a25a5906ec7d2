"""What a signal handler raises in the middle of an `emit` reaches its own thread, and leaves everything whole."""

import asyncio
import json
import os
import signal
import sys
import threading
import time

import pytest

from pulp_events.system.uninterrupted import caller_left, in_caller, uninterrupted

APPLICATION = """
import collections, json, random, signal, sys, threading, time
from pulp_events import EventBus

class SoftTimeLimitExceeded(Exception):  # as Celery's
    pass

seed, dice = sys.argv[1], random.Random(int(sys.argv[1]))
raised = [SoftTimeLimitExceeded, KeyboardInterrupt, SystemExit]
bus = EventBus.open()
got, acked, interrupted, died = collections.Counter(), [], 0, []
threading.excepthook = lambda seen: died.append(f"{seen.thread.name} {seen.exc_type.__name__}")
ended = threading.Event()

def handle(number, frame):
    raise dice.choice(raised)()

def emit_on(k):
    number = 0
    while not ended.is_set():
        number += 1
        try:
            bus.emit("repo.sync.start", {"n": f"{seed}-{k}-{number}"})
            acked.append(f"{seed}-{k}-{number}")
        except BaseException as error:
            got[type(error).__name__] += 1

bus.emit("repo.sync.start", {"n": f"{seed}-first"})
threads = [threading.Thread(target=emit_on, args=(k,), daemon=True) for k in range(3)]
for each in threads:
    each.start()
signal.signal(signal.SIGALRM, handle)
tries = 0
while tries < 120:
    tries += 1
    try:
        # Another a second later: logging, say, takes what falls into it for its own failure.
        signal.setitimer(signal.ITIMER_REAL, dice.uniform(0.0005, 0.01), 1.0)
        while True:
            bus.emit("repo.sync.start", {"n": f"{seed}-main-{tries}"})
    except tuple(raised):
        interrupted += 1
signal.setitimer(signal.ITIMER_REAL, 0)
ended.set()
for each in threads:
    each.join(20)
hung = sum(each.is_alive() for each in threads)
until = time.monotonic() + 30  # half a lease
while not hung and bus.deliveries.stats().pending and time.monotonic() < until:
    time.sleep(0.05)
pending = None if hung else bus.deliveries.stats().pending
print(json.dumps({"got": got, "acked": acked, "interrupted": interrupted, "hung": hung, "died": died,
                  "pending": pending}), flush=True)
if not hung:
    bus.close()
"""


@pytest.mark.parametrize(
    "seed",
    [
        1,
        pytest.param(2, marks=pytest.mark.slow),
        pytest.param(3, marks=pytest.mark.slow),
        pytest.param(4, marks=pytest.mark.slow),
    ],
)
def test_no_other_thread_hears_of_it_none_hangs_and_what_is_stored_is_delivered(place, seed):
    place.listener()
    process = place.start(APPLICATION, seed)
    out, error = process.communicate(timeout=100)
    assert process.returncode == 0, error
    found = json.loads(out)
    assert found["interrupted"] == 120
    assert (found["got"], found["died"], found["hung"], found["pending"]) == ({}, [], 0, 0), error
    arrived = {line.split()[2] for line in place.spool.read_text().splitlines()}
    assert not set(found["acked"]) - arrived


class Interrupted(BaseException):
    pass


STEPS = {"storing.py", "uninterrupted.py", "writer.py", "insertion.py"}


def interrupted_at(step, action):
    """Have an exception fall at this step of what the calling thread does to store; False if there are not so many."""
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        if not frame.f_code.co_filename.endswith(tuple(STEPS)):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            seen += 1
            if seen == step:
                sys.settrace(None)
                raise Interrupted
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except Interrupted:
        return True
    finally:
        sys.settrace(before)
    return seen >= step


def test_at_whichever_step_it_falls_an_emit_is_stored_and_delivered_or_never_was(recording, recording_bus, eventually):
    bus = recording_bus(deliver="background")
    bus.listeners.create("recording", {}, ["*"])
    bus.emit("repo.sync.start", {"repo_id": "first"})
    step, others = 1, []

    def emit():
        bus.emit("repo.sync.start", {"repo_id": f"at-{step}"})

    def other(number):
        others.append(bus.emit("repo.sync.start", {"repo_id": f"other-{number}"}).id)

    interrupted_at(0, emit)  # at none: from Python 3.13 on, opcodes are traced in what is traced after this
    while interrupted_at(step, emit):
        assert not bus._in_use.here
        thread = threading.Thread(target=other, args=(step,), daemon=True)
        thread.start()
        thread.join(30)
        assert len(others) == step, f"after an exception at step {step} another thread's emit hangs or fails"
        step += 1
    assert step > 50
    eventually(lambda: bus.deliveries.stats().pending == 0)
    assert set(others) <= {each.event_id for each in bus.deliveries.list(limit=10_000)}


def test_what_had_not_begun_is_never_done_and_what_had_begun_goes_on_to_its_end(eventually):
    begun, done = threading.Event(), []

    def work():
        begun.set()
        os.kill(os.getpid(), signal.SIGALRM)
        until = time.monotonic() + 30
        while not caller_left() and time.monotonic() < until:
            time.sleep(0.005)
        done.append(caller_left())

    def handle(number, frame):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, handle)
    try:
        with pytest.raises(Interrupted):
            uninterrupted(work)
        assert begun.is_set()
        eventually(lambda: done == [True])
    finally:
        signal.signal(signal.SIGALRM, before)


def test_the_caller_is_asked_for_what_only_it_can_tell():
    assert uninterrupted(lambda: threading.get_ident()) != threading.get_ident()
    assert uninterrupted(lambda: in_caller(threading.get_ident, 0)) == threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        uninterrupted(lambda: 1 / 0)


def test_the_wait_for_a_turn_is_part_of_emit_timeout(tmp_path, recording_bus, locked):
    bus = recording_bus("[storage]\nemit_timeout = 300ms\n", deliver="external", on_error="log")
    bus.listeners.create("recording", {}, ["*"])
    bus.emit("repo.sync.start", {"repo_id": "a"})
    free = locked(tmp_path / "data" / "outbox.sqlite")

    async def emit_all():
        return await asyncio.gather(*(bus.emit_async("repo.sync.start", {"repo_id": "a"}) for _ in range(800)))

    began = time.monotonic()
    refused = asyncio.run(emit_all())
    took = time.monotonic() - began
    free()
    assert {type(each.error).__name__ for each in refused} == {"StoreBusy"}
    assert took < 15  # 100 rounds of 8 threads, 0.3 s each, so far
    assert bus.refused == {"StoreBusy": 800}
