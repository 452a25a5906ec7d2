"""`python -m benchmarks [--scale 0.1] [NAME …]`: measure, and print the table of docs/performance.md.

NAME is one of those below, or one of their modules, as `many_listeners.rates`, or a part of one, as
`many_listeners.rates:1000x3-own`. `--scale` is for those of many listeners.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sqlite3
import sys

from benchmarks.measure import HEADER, set_scale

NAMES = (
    "throughput",
    "http_notifier",
    "email_notifier",
    "amqp_notifier",
    "emitting",
    "isolation",
    "many_listeners",
    "backlog",
    "start_up",
    "kept",
    "celery_redis",
    "postgres",
    "prometheus",
    "tracing",
    "simulation",
    "pulp3",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--scale", type=float, default=1.0, help="part of all sizes, to see that a row works")
    arguments = parser.parse_args()
    set_scale(arguments.scale)
    names = arguments.names or NAMES
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
          f"SQLite {sqlite3.sqlite_version}\n\n{HEADER}", flush=True)  # fmt: skip
    failed = 0
    for name in names:
        module, _, part = name.partition(":")
        found = importlib.import_module(f"benchmarks.{module}")
        parts = getattr(found, "PARTS", {})
        if part not in parts if part else not hasattr(found, "run"):
            parser.error(f"{name} has no rows" + (f"; of {module} there are {', '.join(parts)}" if parts else ""))
        for row in parts[part]() if part else found.run():
            print(row.line(), flush=True)
            failed += row.holds is False
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
