"""The peer: procrastinate's worker with jobs that do nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import Any

from benchmarks.postgres.homes import numbers

JOBS = 2_000


PROCRASTINATE = """
import sys, time, asyncio, logging
import procrastinate
logging.disable(logging.CRITICAL)
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=sys.argv[1]))

@app.task(name="noop")
async def noop(padding):
    pass

async def main():
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        count = int(sys.argv[2])
        await noop.batch_defer_async(*[{"padding": "x" * 600}] * count)
        began = time.perf_counter()
        await app.run_worker_async(wait=False, concurrency=int(sys.argv[3]), install_signal_handlers=False)
        print(count / (time.perf_counter() - began))

asyncio.run(main())
"""


def jobs_per_second(server: Any, concurrency: int = 4) -> float | None:
    """Its jobs per second, as many at once as our worker has lanes."""
    if importlib.util.find_spec("procrastinate") is None:
        return None
    name = f"procrastinate_{next(numbers)}"
    url = server.create(name).replace("pulp@", "pulp:pw@")
    done = subprocess.run(
        [sys.executable, "-c", PROCRASTINATE, url, str(JOBS), str(concurrency)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    server.drop(name)
    return float(done.stdout.split()[-1])
