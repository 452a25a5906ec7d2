"""A plain program that ends well when it is told to: SIGTERM leaves the `with` block, as Ctrl-C does."""

import itertools
import signal
import sys
import time

from pulp_events import EventBus

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())

with EventBus.open() as bus:
    for number in itertools.count():
        event = bus.emit("repo.sync.start", {"repo_id": f"repo-{number}"})
        print(event.id, flush=True)
        time.sleep(0.01)
