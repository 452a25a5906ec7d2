"""How often somebody may ask, and how often guess."""

from __future__ import annotations

import time
from ipaddress import IPv6Address, ip_address

from limits import (
    RateLimitItem,
    RateLimitItemPerDay,
    RateLimitItemPerHour,
    RateLimitItemPerMinute,
    RateLimitItemPerSecond,
)
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

GUESSES = RateLimitItemPerMinute(10)
"""Wrong tokens from one address. Then none is looked at, the right one neither, or guessing would go on."""

_UNITS = {
    "s": RateLimitItemPerSecond, "m": RateLimitItemPerMinute, "h": RateLimitItemPerHour, "d": RateLimitItemPerDay,
}  # fmt: skip


def rate(text: str) -> RateLimitItem:
    """`600/m` as a rate. Raises ValueError."""
    number, slash, unit = text.strip().partition("/")
    if not slash or unit not in _UNITS or not number.isdecimal() or int(number) < 1:
        raise ValueError("write a number of requests and s, m, h or d, such as 10/s or 600/m")
    return _UNITS[unit](int(number))


class Throttle:
    """Counts in this process. Both methods return seconds to wait, or 0.0 where nothing is to be waited for."""

    def __init__(self, requests: RateLimitItem, guesses: RateLimitItem = GUESSES) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._requests, self._guesses = requests, guesses

    def request(self, who: str) -> float:
        """Count a request of somebody."""
        return 0.0 if self._limiter.hit(self._requests, "request", who) else self._wait(self._requests, "request", who)

    def guess(self, address: str) -> None:
        """Count a wrong token from an address."""
        self._limiter.hit(self._guesses, "guess", network_of(address))

    def barred(self, address: str) -> float:
        """Whether an address has guessed too often."""
        key = network_of(address)
        return 0.0 if self._limiter.test(self._guesses, "guess", key) else self._wait(self._guesses, "guess", key)

    def _wait(self, item: RateLimitItem, *key: str) -> float:
        return max(1.0, self._limiter.get_window_stats(item, *key).reset_time - time.time())


def network_of(address: str) -> str:
    """An IPv6 address stands for its /64, which one customer has whole (RFC 6177 §2)."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Address(int(found) >> 64 << 64))
    return str(found)
