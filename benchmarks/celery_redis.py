"""The same deliveries through Celery and Redis, two processes each.

Needs redis-server, and celery and redis from `pip install 'core[bench]'`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, Sink, in_turn
from benchmarks.throughput import drained

COUNT = 2000

APPLICATION = """
import os, requests
from celery import Celery
app = Celery("bench", broker=os.environ["BENCH_REDIS"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=16, task_acks_late=True, broker_connection_retry_on_startup=True)
session = requests.Session()

@app.task(autoretry_for=(requests.RequestException,), retry_backoff=True)
def post(url, body):
    session.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=15).raise_for_status()
"""  # noqa: E501


def missing() -> str:
    """What is not there; empty if everything is."""
    if shutil.which("redis-server") is None:
        return "redis-server is not installed"
    absent = [name for name in ("celery", "redis") if importlib.util.find_spec(name) is None]
    return f"pip install {' '.join(absent)}" if absent else ""


def run() -> Iterator[Row]:
    """The row, or one that says what is missing."""
    if missing():
        yield Row(f"Celery + Redis: skipped, {missing()}", "", "", None, "≥ 3", None)
        return
    with tempfile.TemporaryDirectory() as name, Sink() as sink:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        Path(name, "bench_celery.py").write_text(APPLICATION)
        redis = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", name, "--appendonly", "yes"],
            stdout=subprocess.DEVNULL,
        )
        environment = {**os.environ, "BENCH_REDIS": f"redis://127.0.0.1:{port}/0", "PYTHONPATH": name}
        try:
            time.sleep(1.0)
            ours, theirs = in_turn(
                lambda: drained(sink, workers=2, count=COUNT, listeners=2),
                lambda: _celery(sink, environment),
                rounds=3,
            )
        finally:
            redis.terminate()
            redis.wait()
    yield Row("backlog through 2 workers; Celery + Redis, 2 processes", f"{ours:.0f}/s", f"{theirs:.0f}/s",
              ours / theirs, "≥ 3", ours / theirs >= 3)  # fmt: skip


def _celery(sink: Sink, environment: dict[str, str]) -> float:
    fill = f"from bench_celery import post\nfor _ in range({COUNT}): post.delay({sink.url!r}, 'x' * 680)"
    subprocess.run([sys.executable, "-c", fill], env=environment, check=True)
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "bench_celery", "worker", "--concurrency", "2", "-l", "error"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return sink.rate(COUNT)
    finally:
        worker.terminate()
        worker.wait()
