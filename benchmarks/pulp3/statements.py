"""How many SQL statements the database gets while a sync runs, where nobody listens and without the plugin."""

from __future__ import annotations

import collections
import re
import time
from collections.abc import Iterator

from benchmarks.measure import Row, scaled
from benchmarks.pulp3.servers import WITHOUT, Subject, missing, subject

SYNCS = 10
_STATEMENT = re.compile(r"\|LOG: +(?:statement|execute [^:]*): (.*)")
_PERIODIC = re.compile(
    r"core_appstatus|pg_notify\('pulp_worker_metrics|core_task WHERE pulp_id = |core_taskschedule|"
    r"pg_try_advisory",
    re.IGNORECASE,
)
"""What the workers do at times of their own, and our look at the task."""
_VALUES = re.compile(r"\"(?:s\d+_x\d+|_django_curs_\w+)\"|'(?:[^']|'')*'(?:::\w+)?|\b\d+\b")


def run() -> Iterator[Row]:
    """The rows."""
    if (reason := missing()) is not None:
        yield reason
        return
    with subject("without", **WITHOUT) as without, subject("silent") as silent:
        _log_statements(without)
        _log_statements(silent)
        counts: dict[str, list[collections.Counter[str]]] = {without.name: [], silent.name: []}
        for _ in range(scaled(SYNCS)):
            for each in (without, silent):
                counts[each.name].append(_statements(each))
    ours, peer = (min(found, key=lambda each: each.total()) for found in (counts["silent"], counts["without"]))
    for text, count in (ours - peer).most_common(20):
        print(f"more by {count}: {text[:300]}", flush=True)
    for text, count in (peer - ours).most_common(20):
        print(f"fewer by {count}: {text[:300]}", flush=True)
    yield Row(
        f"SQL statements during a sync of 3 files, the fewest of {len(counts['silent'])}, nobody listens; without the "
        "plugin",
        str(ours.total()), str(peer.total()), ours.total() / peer.total(), "none more", ours.total() <= peer.total(),
    )  # fmt: skip


def _log_statements(found: Subject) -> None:
    with found.pulp.database.connect() as connection:
        connection.execute("ALTER SYSTEM SET log_line_prefix = '%p|'")
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)


def _statements(found: Subject) -> collections.Counter[str]:
    """Statement, without its values → how often it came during one sync, and until its process has ended."""
    log = found.pulp.database.folder / "log"
    _until_quiet(found)
    before = log.stat().st_size
    found.sync()
    _until_quiet(found)
    with log.open("rb") as file:
        file.seek(before)
        text = file.read().decode("utf-8", "replace")
    lines = (match[1] for match in map(_STATEMENT.search, text.splitlines()) if match)
    return collections.Counter(_VALUES.sub("?", line) for line in lines if not _PERIODIC.search(line))


def _until_quiet(found: Subject) -> None:
    deadline = time.monotonic() + 10
    while any(found.pulp.children(name) for name in found.pulp.processes if name.startswith("worker")):
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)
    time.sleep(0.1)
