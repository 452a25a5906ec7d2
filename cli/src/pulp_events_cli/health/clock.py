"""The clock: events and retries are timed by it, and receivers refuse signatures whose time is off."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator

from pulp_events_cli.output.findings import NOTE, OK, Finding

_UNSYNCHRONISED = 5
"""TIME_ERROR of adjtimex(2)."""


def check() -> Iterator[Finding]:
    """Whether the kernel says that something keeps the clock right."""
    state = _kernel_state()
    if state == _UNSYNCHRONISED:
        yield Finding(
            NOTE,
            "clock",
            "the kernel reports that this machine's clock is not synchronized; run chronyd or systemd-timesyncd",
        )
    elif state is not None:
        yield Finding(OK, "clock", "synchronized, according to the kernel")


def _kernel_state() -> int | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    # struct timex, all zero: modes = 0 asks and changes nothing. 512 bytes are more than any architecture has.
    state = int(adjtimex(ctypes.create_string_buffer(512)))
    return None if state < 0 else state
