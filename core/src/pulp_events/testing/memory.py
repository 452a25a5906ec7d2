"""How much memory calls leave behind. Imports nothing of the framework."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Sequence

FRAMES = 24
"""How many of its callers are looked at for a piece of memory."""


def growth(work: Callable[[], object], rehearsal: Callable[[], object], without: Sequence[str] = ()) -> int:
    """Bytes that the objects of Python took by `work()` and have not given back.

    `rehearsal`: does the same beforehand, so that what is made once and for all is made. `without`: files of source
    code: memory that was asked for by them, or by what they called, does not count. It is for a process of its own, as
    other threads count, too.
    """
    leave_out = [tracemalloc.Filter(False, file, all_frames=True) for file in without]
    tracemalloc.start(FRAMES if without else 1)
    try:
        rehearsal()
        before = _held(leave_out)
        work()
        return _held(leave_out) - before
    finally:
        tracemalloc.stop()


def _held(leave_out: Sequence[tracemalloc.Filter]) -> int:
    gc.collect()
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(leave_out).traces)
