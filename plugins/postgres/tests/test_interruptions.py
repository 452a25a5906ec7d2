"""A signal handler, or a finaliser, that uses the store amid a use of it by the same thread never waits for itself."""

import subprocess
import sys
import threading

import pytest

from pulp_events.testing.outbox_contract import new_event

INTERRUPTED = """
import signal, sys, time
from pulp_events.outbox.records import ClaimRequest
from pulp_events.testing.outbox_contract import LISTENER, new_event
from pulp_events_postgres.address import make
from pulp_events_postgres.database import Database
from pulp_events_postgres.listener_store import PostgresListenerStore
from pulp_events_postgres.outbox import PostgresOutbox

database = Database(make(sys.argv[1], "pw", pool_size=1, listen=sys.argv[2] == "listen", timeout=20.0))
outbox = PostgresOutbox(database)
database.users += 1
listeners = PostgresListenerStore(database, fresh=0.0)
within, stored, interrupted = 0, 0, 0

def handle(*_):
    global within, stored, interrupted
    if within:
        return  # one interruption of an interruption proves no more
    within, interrupted = 1, interrupted + 1
    try:
        outbox.add([new_event()])
        listeners.version()
        stored += 1
    finally:
        within = 0

signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.0031)
end = time.monotonic() + 1.5
while time.monotonic() < end or interrupted <= 20:
    outbox.add([new_event()])
    stored += 1
    outbox.changed()
    outbox.ready()
    listeners.version()
    outbox.release(outbox.claim([ClaimRequest(LISTENER, 1)], 60, "t").deliveries)
signal.setitimer(signal.ITIMER_REAL, 0)
assert outbox.stats().pending == stored, (outbox.stats(), stored)
assert interrupted > 20, interrupted
outbox.close()
listeners.close()
print("ended")
"""


@pytest.mark.parametrize("how", ["listen", "pooled"])
def test_a_signal_handler_that_emits_is_served_whatever_it_interrupts(place, how):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, place.url, how], capture_output=True, text=True, timeout=110
    )
    assert (done.stdout.strip(), done.returncode) == ("ended", 0), done.stderr


def test_more_connections_than_pool_size_are_closed_when_the_interruption_is_over(place):
    place.limits = {"pool_size": 1}
    database = place.database()
    with database.connections._lent(), database.connections._lent(), database.connections._lent():
        assert database.rows("SELECT 1") == [(1,)]
    assert len(database.connections._idle) == 1
    assert database.connections._free.qsize() == 1
    database.close()


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError()])
def test_what_is_stored_is_no_error_though_no_thread_can_announce_it(place, monkeypatch, eventually, error):
    outbox, watcher = place.outbox(), place.outbox()
    watcher.changed()

    def start(thread):
        raise error

    monkeypatch.setattr(threading.Thread, "start", start)
    outbox.add([new_event()])
    assert outbox.stats().pending == 1
    assert eventually(watcher.changed), "others look by themselves"
    monkeypatch.undo()
    outbox.add([new_event()])
    assert eventually(lambda: outbox.database._announcer._thread is not None), "announced again once that is over"
    for each in (outbox, watcher):
        each.close()
