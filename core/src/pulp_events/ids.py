"""Identifiers: time-ordered UUIDs for events, ObjectId form for listeners."""

from __future__ import annotations

import itertools
import os
import re
import time

_LISTENER_ID = re.compile(r"[0-9a-f]{24}\Z")
_counter = itertools.count(int.from_bytes(os.urandom(3), "big"))


def new_event_id(seconds: float) -> str:
    """A UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then random, so that ids sort by time."""
    milliseconds = int(seconds * 1000) & 0xFFFF_FFFF_FFFF
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds << 80) | (0x7 << 76) | ((random >> 68 & 0xFFF) << 64) | (0b10 << 62) | (random & (2**62 - 1))
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_listener_id() -> str:
    """24 hex digits in ObjectId form: 4 bytes of seconds, 5 random bytes, 3 bytes of a counter."""
    seconds = int(time.time()) & 0xFFFF_FFFF
    return f"{seconds:08x}{os.urandom(5).hex()}{next(_counter) & 0xFF_FFFF:06x}"


def is_listener_id(text: str) -> bool:
    """True if `text` has the form of a listener id."""
    return _LISTENER_ID.match(text) is not None
