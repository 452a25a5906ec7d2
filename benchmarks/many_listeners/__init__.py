"""Thousands of listeners: rates, processor time, memory, isolation, storing, claims; against thread pools and aiohttp.

Ours and peers run in turn, each in a process of its own. A row says how many attempts may be under way (`concurrency`,
or threads of the pool) and whether the endpoints have origins of their own or share one. `python -m benchmarks
many_listeners` runs all rows, `many_listeners.rates` those of a file, `many_listeners.rates:1000x3-own` a part of them;
`--scale 0.1` takes a tenth of all sizes, which is enough to see that a row works and too little to judge it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.measure import Row

FILES = ("rates", "tls", "hanging", "storing", "claims", "idle")


def run() -> Iterator[Row]:
    """The rows."""
    for name in FILES:
        yield from importlib.import_module(f"benchmarks.many_listeners.{name}").run()
