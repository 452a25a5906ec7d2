"""A signal handler or finalizer that emits amid an `emit` stores its event or hears why not; it never hangs."""

import json
import time

import pytest

from pulp_events.errors import StoreError
from pulp_events.system.exclusive import Exclusive, Reentered

APPLICATION = """
import json, os, signal, sys, threading, weakref
from pulp_events import EventBus, EventsError

how, number = sys.argv[1], sys.argv[2]
trace = lambda *_: None
if how != "signal":
    threading.setprofile(lambda *seen: trace(*seen))  # also in the thread that stores for this one
bus = EventBus.open(deliver="external")
stored, refused, calls = [], [], 0
bus.emit("repo.sync.start", {"n": "first"})  # which imports what emits
bus.deliveries.stats()

def from_anywhere(*_):
    global calls
    calls += 1
    try:
        if calls % 3:
            stored.append(bus.emit("repo.sync.finish", {"n": f"inner-{number}-{calls}"}).id)
        elif calls % 2:
            bus.listeners.list()
        else:
            bus.deliveries.stats()
    except EventsError as error:
        refused.append(str(error))
    if how == "signal":
        signal.setitimer(signal.ITIMER_REAL, 0.0007)  # the next one, once this one is through

class Finalized:
    def __del__(self):
        from_anywhere()

class Plain:
    pass

tracing = False

def trace(frame, event, _):
    # Finalizers run wherever the last reference goes: here, inside each function of the outbox that is entered.
    if tracing and event == "call" and "outbox" in frame.f_code.co_filename and len(stored) + len(refused) < 300:
        sys.setprofile(None)
        try:
            if how == "finalizer":
                Finalized()
            else:
                kept = Plain()
                reference = weakref.ref(kept, from_anywhere)
                del kept
        finally:
            sys.setprofile(trace)

if how == "signal":
    signal.signal(signal.SIGALRM, from_anywhere)
    signal.setitimer(signal.ITIMER_REAL, 0.0007)
else:
    tracing = True
    sys.setprofile(trace)
outer = [bus.emit("repo.sync.start", {"n": f"outer-{number}-{n}"}).id for n in range(40)]
signal.signal(signal.SIGALRM, signal.SIG_IGN)
sys.setprofile(None)
tracing = False
found = {one.event_id for one in bus.deliveries.list(limit=1_000_000)}
missing = [each for each in outer + stored if each not in found]
names = [one.event_id for one in bus.deliveries.list(limit=1_000_000)]
bus.close()
print(json.dumps({"missing": missing, "calls": calls, "stored": len(stored), "refused": sorted(set(refused)),
                  "twice": len(names) - len(set(names))}))
"""


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("how", "rounds"),
    [("signal", 1), ("finalizer", 1), ("weakref", 1), pytest.param("signal", 5, marks=pytest.mark.slow)],
)
def test_whatever_runs_in_the_middle_of_an_emit_is_served_or_told_why_not(place, how, rounds):
    place.listener()
    results = []
    for round_ in range(rounds):
        processes = [place.start(APPLICATION, how, f"{round_}-{number}") for number in range(4)]
        for process in processes:
            out, error = process.communicate(timeout=60)  # 12 of 12 hung before
            assert process.returncode == 0, error
            results.append(json.loads(out))
    assert all(not each["missing"] and not each["twice"] for each in results), results
    assert all(each["calls"] for each in results)
    texts = {text for each in results for text in each["refused"]}
    # What the main thread stores is stored by another, so that its signal handlers wait for nothing of their own.
    assert texts or how == "signal", "no call came in the middle"
    assert all("signal handler or finalizer while the same thread was" in text for text in texts), texts


FIRST = """
import sys
from pulp_events import EventBus, StoreError

class Amid:
    '''Emits while the first emit imports what it needs, as a signal handler or finalizer may.'''
    told = None
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if cls.told is None and name == "pulp_events.events.jsonable":
            cls.told = "stored"
            try:
                bus.emit("repo.sync.finish", {"repo_id": "inner"})
            except StoreError as error:
                cls.told = str(error)

bus = EventBus.open(deliver="external")
sys.meta_path.insert(0, Amid)
outer = bus.emit("repo.sync.start", {"repo_id": "outer"})
print(Amid.told)
print(bus.emit("repo.sync.start", {"repo_id": "later"}).event_type)
"""


def test_an_emit_amid_the_imports_of_the_first_one_is_told_why_not(place):
    told, later = place.start(FIRST).communicate(timeout=60)[0].splitlines()
    assert "while the same thread was making ready to emit; nothing was stored" in told
    assert later == "repo.sync.start"


def test_a_turn_is_refused_to_the_thread_that_has_it_and_free_again_afterwards():
    turn = Exclusive("counting")

    def within():
        with pytest.raises(Reentered, match="while the same thread was counting; nothing was stored"):
            turn.run(time.time)
        return "done"

    assert turn.run(within) == "done"
    assert turn.is_free and turn.run(lambda: 5) == 5


def test_a_turn_is_free_again_after_an_error():
    turn = Exclusive("counting")
    with pytest.raises(ZeroDivisionError):
        turn.run(lambda: 1 / 0)
    assert turn.run(lambda: 5) == 5


def test_a_change_of_listeners_within_a_change_of_listeners_is_refused_at_once(tmp_path):
    from pulp_events.system.file_lock import locked

    with locked(tmp_path / "lock"), pytest.raises(StoreError, match="same thread"), locked(tmp_path / "lock"):
        pass
    with locked(tmp_path / "lock"):
        pass
