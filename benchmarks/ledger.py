"""How long `pulp-admin event delivery list` takes for its first page, on 1,000,000 deliveries and on 1,000.

The two are run in turns, each as a process of its own, without a filter and with each of them, and the medians
compared: the limit is 2. Without a filter, by event type and by time a page is found in an index; by listener and by
state it is looked for, which is linear, and at this size still shorter than the start of a process.
"""

from __future__ import annotations

import itertools
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row
from benchmarks.start_up import seconds
from pulp_events import EventBus
from pulp_events.outbox.records import NewDelivery, NewEvent
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.system.ids import new_event_id

SIZES = (1_000, 1_000_000)
TYPES = ("repo.sync.start", "repo.sync.finish", "repo.publish.start", "repo.publish.finish")
RARE = "listener.disabled"
LISTENERS = 50
SPACING = 0.05
"""Seconds between events."""
LIST = [str(Path(sys.executable).with_name("pulp-admin")), "event", "delivery", "list"]


def fill(folder: Path, size: int) -> tuple[list[str], float]:
    """A ledger of so many deliveries: most delivered, some pending or dead, one event of a rare type, one listener that
    seldom gets anything. Returns the ids of the listeners, the rare one last, and the time of the newest event."""
    dice = random.Random(1)
    config = folder / "server.conf"
    config.write_text(f"[events]\ndata_dir = {folder / 'data'}\n")
    with EventBus.open(config, deliver="external") as bus:
        for _ in range(LISTENERS):
            bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        listeners = [listener.id for listener in bus.listeners.list()]
    outbox = SQLiteOutbox(folder / "data" / "outbox.sqlite", durable=False)
    begin = time.time() - size * SPACING
    numbers = iter(range(size))
    while batch := list(itertools.islice(numbers, 5000)):
        outbox.add([_event(number, begin + number * SPACING, listeners, dice, size) for number in batch])
    outbox.close()
    with sqlite3.connect(folder / "data" / "outbox.sqlite") as connection:
        # 1 of 1,000 stays pending, 1 of 10,000 is dead.
        connection.execute(
            "UPDATE pulp_delivery SET attempts = 1, finished = 1, state = "
            "CASE WHEN event_seq % 10000 = 500 THEN 'dead' ELSE 'delivered' END WHERE event_seq % 1000 != 499"
        )
        connection.execute(
            "INSERT INTO pulp_attempt SELECT event_seq, n, 1, 0, 0.1, state, '200 OK', NULL FROM pulp_delivery "
            "WHERE state != 'pending'"
        )
    return listeners, begin + (size - 1) * SPACING


def _event(number: int, moment: float, listeners: list[str], dice: random.Random, size: int) -> NewEvent:
    event_type = RARE if number == 7 else dice.choice(TYPES)
    listener = listeners[-1] if number % (size // 20) == 3 else dice.choice(listeners[:-1])
    report = b'{"call_report": {}, "event_type": "%s", "payload": {"text": "%s"}}' % (event_type.encode(), b"x" * 200)
    return NewEvent(new_event_id(moment), event_type, moment, "bench", report, [NewDelivery(listener)])


def filters(listeners: list[str], newest: float) -> dict[str, list[str]]:
    """Options by what they narrow the list to."""
    late = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(newest - 2))
    return {
        "no filter": [],
        "a busy listener": [f"--listener-id={listeners[0]}"],
        "a listener with 20 deliveries": [f"--listener-id={listeners[-1]}"],
        "pending": ["--state=pending"],
        "dead": ["--state=dead"],
        "an event type": [f"--event-type={TYPES[0]}"],
        "an event type with one event": [f"--event-type={RARE}"],
        "the last two seconds": [f"--since={late}"],
        "all but the last two seconds": [f"--until={late}"],
        "dead, of a listener": ["--state=dead", f"--listener-id={listeners[0]}"],
    }


def measure(runs: int) -> dict[str, tuple[float, float]]:
    """What is listed → median seconds on the small and on the large ledger."""
    with tempfile.TemporaryDirectory() as name:
        found, options, environments = {}, [], []
        for size in SIZES:
            folder = Path(name) / str(size)
            folder.mkdir()
            options.append(filters(*fill(folder, size)))
            environments.append({**os.environ, "PULP_EVENTS_CONFIG": str(folder / "server.conf")})
        for what in options[0]:
            times: list[list[float]] = [[], []]
            for number in range(runs + 1):
                for index in (0, 1):
                    spent = seconds([*LIST, *options[index][what]], environments[index])
                    times[index] += [spent] if number else []  # the first one warms up
            found[what] = (statistics.median(times[0]), statistics.median(times[1]))
        return found


def run() -> Iterator[Row]:
    """A row for each filter."""
    for what, (small, large) in measure(9).items():
        ratio = large / small
        label = f"`delivery list` of 1,000,000, first page, {what}; the same of 1,000"
        yield Row(label, f"{large * 1000:.0f} ms", f"{small * 1000:.0f} ms", ratio, "≤ 2", ratio <= 2)
