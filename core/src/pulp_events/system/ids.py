"""Identifiers: time-ordered UUIDs for events, ObjectId form for listeners."""

from __future__ import annotations

import itertools
import os
import re
import time

from pulp_events.system import forks

_LISTENER_ID = re.compile(r"[0-9a-f]{24}\Z")
_EVENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:@+=-]{0,199}\Z")
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The digit with RFC 9562's variant, the bits 10, for a random digit."""
_POOL = 64
_counter = itertools.count(int.from_bytes(os.urandom(3), "big"))


class _Pool:
    """Random digits that were drawn in advance: a forked child must not use those of its parent."""

    def __init__(self) -> None:
        self.digits: list[str] = []

    def before_fork(self) -> None:
        """See `forks`: nothing is to be put down."""

    def after_fork(self, in_child: bool) -> None:
        """The child draws its own."""
        if in_child:
            self.digits.clear()


_pool = _Pool()
forks.take_part(_pool)


def new_event_id(seconds: float) -> str:
    """A UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then random, so that ids sort by time."""
    when = f"{int(seconds * 1000) & 0xFFFF_FFFF_FFFF:012x}"
    random = _random_digits()
    variant = _VARIANTS[random[0]]
    return f"{when[:8]}-{when[8:]}-7{random[1:4]}-{variant}{random[4:7]}-{random[7:19]}"


def _random_digits() -> str:
    """20 hex digits of the system's randomness, which is asked for many at a time."""
    forks.notice()
    try:
        return _pool.digits.pop()
    except IndexError:
        digits = os.urandom(10 * _POOL).hex()
        _pool.digits.extend(digits[at : at + 20] for at in range(20, len(digits), 20))
        return digits[:20]


def is_event_id(text: object) -> bool:
    """True if an application may choose this as the id of an event: up to 200 letters, digits and `-._~:@+=`, beginning
    with a letter or digit.

    So it needs no quotation marks or encoding in a shell, an HTTP header, a URL, a file's name or an AMQP property.
    """
    return isinstance(text, str) and _EVENT_ID.match(text) is not None


def new_listener_id() -> str:
    """24 hex digits in ObjectId form: 4 bytes of seconds, 5 random bytes, 3 bytes of a counter."""
    seconds = int(time.time()) & 0xFFFF_FFFF
    return f"{seconds:08x}{os.urandom(5).hex()}{next(_counter) & 0xFF_FFFF:06x}"


def is_listener_id(text: object) -> bool:
    """True if `text` has the form of a listener id."""
    return isinstance(text, str) and _LISTENER_ID.match(text) is not None
