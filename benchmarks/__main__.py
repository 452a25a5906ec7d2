"""`python -m benchmarks [NAME …]`: measure, and print the table of docs/performance.md."""

from __future__ import annotations

import importlib
import os
import platform
import sqlite3
import sys

from benchmarks.measure import HEADER

NAMES = (
    "throughput",
    "http_notifier",
    "email_notifier",
    "amqp_notifier",
    "emitting",
    "isolation",
    "backlog",
    "start_up",
    "celery_redis",
    "postgres",
    "simulation",
)


def main() -> int:
    names = sys.argv[1:] or NAMES
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
          f"SQLite {sqlite3.sqlite_version}\n\n{HEADER}", flush=True)  # fmt: skip
    failed = 0
    for name in names:
        for row in importlib.import_module(f"benchmarks.{name}").run():
            print(row.line(), flush=True)
            failed += row.holds is False
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
