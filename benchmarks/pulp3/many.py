"""1,400 repositories, each synchronized once, and one webhook listener: does every finish arrive, and once?"""

from __future__ import annotations

import collections
import json
import time
from collections.abc import Iterator

from benchmarks.measure import Row, scaled
from benchmarks.pulp3.servers import PATIENT, commas, missing

REPOSITORIES = 1400
"""That the administrator of pulpcore issue 7125 has."""
AT_ONCE = 50
"""Tasks that may wait at the same time."""
PATIENCE = 300.0
"""Seconds for what is on its way when the last sync has ended."""


def run() -> Iterator[Row]:
    """The rows."""
    if (reason := missing()) is not None:
        yield reason
        return
    from pulp_events_pulpcore.testing import FileServer, PulpServer

    from pulp_events.testing import HttpSink

    count = scaled(REPOSITORIES)
    with HttpSink() as sink:
        files, pulp = FileServer(), PulpServer(PATIENT, workers=2)
        try:
            pulp.pulp_admin("listener", "http", "create", "--event-type=repo.sync.finish", f"--url={sink.url}")
            remote = pulp.remote("files", files.url)
            started = time.monotonic()
            for number in range(count):
                pulp.sync(pulp.repository(f"many-{number}"), remote, wait=False)
                while number % AT_ONCE == 0 and _unfinished(pulp) > AT_ONCE:
                    time.sleep(0.2)
            while _unfinished(pulp):
                time.sleep(0.2)
            took = time.monotonic() - started
            with pulp.database.connect() as connection:
                states = dict(
                    connection.execute(
                        "SELECT state, count(*) FROM core_task WHERE name LIKE '%%synchronize' GROUP BY state"
                    ).fetchall()
                )
            deadline = time.monotonic() + PATIENCE
            while len(_repositories(sink)) < count and time.monotonic() < deadline:
                time.sleep(0.1)
            late = time.monotonic() - started - took
            time.sleep(1)  # for what should not come
            arrived = _repositories(sink)
        finally:
            pulp.close()
            files.close()
    absent = {f"many-{number}" for number in range(count)} - set(arrived)
    twice = sum(each - 1 for each in arrived.values())
    yield Row(
        f"{commas(count)} repositories synchronized once in {took:.0f} s by 2 workers ({_shown(states)}), one webhook "
        f"listener: `repo.sync.finish` of {commas(len(arrived))} arrived, {twice} a second time, the last one "
        f"{late:.1f} s after the last sync",
        commas(len(arrived)), commas(count), len(arrived) / count, "each once", not absent and not twice,
    )  # fmt: skip


def _unfinished(pulp: object) -> int:
    with pulp.database.connect() as connection:  # type: ignore[attr-defined]
        query = "SELECT count(*) FROM core_task WHERE state IN ('waiting', 'running', 'canceling')"
        return int(connection.execute(query).fetchone()[0])


def _repositories(sink: object) -> collections.Counter[str]:
    """Name of each repository whose sync's end arrived → how often."""
    bodies = (json.loads(each.body) for each in list(sink.requests))  # type: ignore[attr-defined]
    return collections.Counter(each["payload"]["repo_id"] for each in bodies)


def _shown(states: dict[str, int]) -> str:
    return ", ".join(f"{commas(count)} {state}" for state, count in sorted(states.items()))
