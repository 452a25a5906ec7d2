"""A test event, sent within the time that a request may take."""

import threading
import time
from collections.abc import Callable, Sequence

from rest_framework.exceptions import Throttled
from rest_framework.throttling import UserRateThrottle

from pulp_events import Listener
from pulp_events.bus.trial import Trial, send_test
from pulp_events.outbox.states import Outcome
from pulp_events.system import guard
from pulp_events_pulpcore.app.bus import bus

LONGEST = 5.0
"""Seconds that a request waits: a process of pulpcore-api answers one at a time, so all others wait, too."""
AT_ONCE = 4
"""Tests that a process has under way, with those whose request was answered without waiting for them."""
WAITED = 10.0
"""Seconds that the requests of one user may wait in a minute, in each process of the API."""

_under_way = threading.BoundedSemaphore(AT_ONCE)


class TestThrottle(UserRateThrottle):
    """Each user, in each process of the API: a test has no rate of its own in core."""

    __test__ = False  # for pytest
    scope = "event_listener_test"
    rate = "20/min"


class Waits:
    """How long requests of each user waited for tests, in the last minute.

    `clock`: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waits: dict[str, list[tuple[float, float]]] = {}

    def check(self, user: str) -> None:
        """Raise Throttled where the user has waited too long."""
        now = self._clock()
        waits = [(end, seconds) for end, seconds in self._waits.pop(user, []) if end > now - 60]
        if waits:
            self._waits[user] = waits
        if sum(seconds for _, seconds in waits) >= WAITED:
            raise Throttled(wait=waits[0][0] + 60 - now, detail="Your tests waited too long for silent endpoints.")

    def add(self, user: str, seconds: float) -> None:
        """Count what a request waited."""
        self._waits.setdefault(user, []).append((self._clock(), seconds))


waits = Waits()


def tried(listener: Listener, user: str) -> Sequence[Trial]:
    """What became of a test event at each target of the listener; `timeout` where that takes too long.

    Raises Throttled where too many tests are under way or this user's took too long, and what `send_test` raises.
    """
    opened = bus()
    waits.check(user)
    if not _under_way.acquire(blocking=False):
        raise Throttled(wait=LONGEST, detail="Too many tests are under way.")
    found: list[Sequence[Trial]] = []
    failed: list[Exception] = []

    def send() -> None:
        try:
            with guard.exits("a notifier"):
                found.append(send_test(listener, opened.plugins, opened.settings, opened.clock))
        except Exception as error:  # noqa: BLE001  # raised below, in the request
            failed.append(error)
        finally:
            _under_way.release()

    thread = threading.Thread(target=send, name="event-listener-test", daemon=True)
    try:
        thread.start()
    except BaseException:
        _under_way.release()
        raise
    began = time.monotonic()
    thread.join(LONGEST)
    waits.add(user, time.monotonic() - began)
    if failed:
        raise failed[0]
    if found:
        return found[0]
    text = f"no outcome within {LONGEST:g} seconds"
    return [Trial(target, "", Outcome.TIMEOUT, text, LONGEST) for target in listener.targets]
