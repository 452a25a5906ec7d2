"""How long each page of the console takes with 1,000,000 deliveries that are kept, and with 1,000: limit 2.

The pages of the two are asked for in turns, in one process, without a server or a browser: what differs is what the
store is asked. Times are CPU time, so that it does not matter what else the machine does. The outboxes are those of
`benchmarks.kept`; in the small one, as much happened in each piece of time as in the large one, so that the overviews
show the same. A page of which the two have different numbers of rows is not judged. For what is rare, the limit is the
time that a request may look.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.kept import PENDING, count, fill
from benchmarks.measure import Row, rounds, scaled

SIZES = (1_000, 1_000_000)
ROUNDS = 15
LIMIT = 2.0
SPARSE = 1.5
"""Seconds that a page may take whose filter fits little or nothing: `LONG`, `QUICK`, and the page itself."""
_SAME_ACTIVITY = """
WITH
    own AS (SELECT id, row_number() OVER (ORDER BY listener_id, event_type) AS at FROM main.pulp_pair),
    other AS (SELECT id, row_number() OVER (ORDER BY listener_id, event_type) AS at FROM large.pulp_pair)
INSERT INTO main.pulp_activity SELECT a.length, a.start, own.id, a.what, a.count
FROM large.pulp_activity a JOIN other ON other.id = a.pair JOIN own ON own.at = other.at
"""


def run() -> Iterator[Row]:
    """A row for each page."""
    with tempfile.TemporaryDirectory(prefix="pulp-events-bench-") as name, ExitStack() as stack:
        folders = [Path(name) / str(size) for size in SIZES]
        for folder, size in zip(folders, map(scaled, SIZES), strict=True):
            folder.mkdir()
            fill(folder, max(size, 2 * PENDING))
            count(folder)
        _same_activity(*folders)
        sites = [_site(folder, stack) for folder in folders]
        for what in sites[0][1]:
            times: list[list[float]] = [[], []]
            rows = [0, 0]
            for number in range(rounds(ROUNDS) + 1):
                for index, (client, paths) in enumerate(sites):
                    began = time.thread_time()
                    answer = client.get(paths[what])
                    took = time.thread_time() - began
                    assert answer.status_code == 200, (what, answer.text)
                    rows[index] = answer.text.count("<tr>")
                    times[index] += [took] if number else []  # the first one warms up
            small, large = map(min, times)
            label = f"console, {what}, with {scaled(SIZES[1]):,} kept deliveries; with {scaled(SIZES[0]):,}"
            figures = f"{large * 1000:.1f} ms", f"{small * 1000:.1f} ms"
            if "rare" in what:
                yield Row(label, *figures, large / small, f"≤ {SPARSE:g} s", large <= SPARSE)
            elif rows[0] == rows[1]:
                yield Row(label, *figures, large / small, f"≤ {LIMIT:g}", large / small <= LIMIT)
            else:  # of a thousand deliveries, fewer fit than a page has
                yield Row(f"{label}; {rows[1]} rows, and {rows[0]}", *figures, large / small, "–", None)


def _same_activity(small: Path, large: Path) -> None:
    """Let as much have happened in the small outbox as in the large one, at the same times."""
    with contextlib.closing(sqlite3.connect(small / "data" / "outbox.sqlite")) as connection, connection:
        connection.execute("ATTACH ? AS large", (str(large / "data" / "outbox.sqlite"),))
        connection.execute("DELETE FROM main.pulp_activity")
        connection.execute(_SAME_ACTIVITY)


def _site(folder: Path, stack: ExitStack) -> tuple[Any, Mapping[str, str]]:
    """A client of whom an administrator is, and the path of each page."""
    from flask import g

    from pulp_events import EventBus
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events.outbox.states import State
    from pulp_events_web import create_app
    from pulp_events_web.principal import Principal, Role

    bus = stack.enter_context(EventBus.open(folder / "server.conf", deliver="external"))
    app = create_app(bus, {"requests": "1000000/s"})
    alice = Principal("alice", Role.ADMIN, trusted=True)
    app.before_request_funcs[None] = [lambda: setattr(g, "principal", alice)]
    listener = bus.listeners.list()[7]
    dead, delivered, pending = (
        bus.deliveries.list(DeliveryQuery(state=state), limit=1)[0].id
        for state in (State.DEAD, State.DELIVERED, State.PENDING)
    )
    middle = bus.deliveries.list(DeliveryQuery(state=State.DELIVERED), limit=120)[-1].id
    return app.test_client(), {
        "overview": "/console/",
        "listeners": "/console/listeners",
        "listeners, those that fail": "/console/listeners?state=failing",
        "a listener": f"/console/listeners/{listener.id}",
        "form of a listener": f"/console/listeners/{listener.id}/edit",
        "deletion of a listener": f"/console/listeners/{listener.id}/delete",
        "deliveries": "/console/deliveries",
        "deliveries, an older page": f"/console/deliveries?before={middle}",
        "deliveries, dead": "/console/deliveries?state=dead",
        "deliveries, pending": "/console/deliveries?state=pending",
        "deliveries of a listener": f"/console/deliveries?listener={listener.id}",
        "deliveries of a listener, dead": f"/console/deliveries?listener={listener.id}&state=dead",
        "deliveries of an event type": "/console/deliveries?event_type=repo.sync.finish",
        "deliveries of a notifier": "/console/deliveries?notifier_type=http",
        "deliveries of an event": f"/console/deliveries?event_id={dead.rpartition('.')[0]}",
        "deliveries, a rare error": "/console/deliveries?error=nobody+says+that",
        "deliveries, a rare pattern of types": "/console/deliveries?event_type=*.*.*.never",
        "events, a rare scope": "/console/events?scope=never",
        "a delivery, dead": f"/console/deliveries/{dead}",
        "a delivery, delivered": f"/console/deliveries/{delivered}",
        "a delivery, pending": f"/console/deliveries/{pending}",
        "events": "/console/events",
        "events of a type": "/console/events?event_type=repo.sync.finish",
        "an event": f"/console/events/{dead.rpartition('.')[0]}",
        "event types": "/console/event-types",
        "an event type": "/console/event-types/repo.sync.start",
        "plugins": "/console/plugins",
        "history": "/console/history",
    }
