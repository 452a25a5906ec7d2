"""The PostgreSQL outbox: against bare SQL, against procrastinate on the same server, and over a million deliveries."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from benchmarks.measure import Row

TESTS = Path(__file__).resolve().parents[2] / "plugins" / "postgres" / "tests"


def run() -> Iterator[Row]:
    """The rows."""
    from benchmarks.postgres.homes import skipped

    try:
        import psycopg  # noqa: F401

        import pulp_events_postgres  # noqa: F401
    except ImportError as error:
        yield skipped(f"PostgreSQL: {error}; pip install -e plugins/postgres")
        return
    from benchmarks.postgres import claiming, emitting, held_snapshot, retention, transactional, workers

    servers = _load("server")
    binaries = servers.binaries()
    if binaries is None:
        yield skipped("PostgreSQL is not installed; .ci/install-postgres")
        return
    server = servers.Server(binaries)
    try:
        yield claiming.row(server)
        yield emitting.row(server)
        yield from transactional.rows(server)
        yield from workers.rows(server)
        yield from retention.rows(server)
        yield from held_snapshot.rows(server)
    finally:
        server.close()


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_postgres_{name}", TESTS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
