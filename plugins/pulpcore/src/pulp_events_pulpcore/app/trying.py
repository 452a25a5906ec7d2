"""A test event, sent within the time that a request may take."""

import threading
from collections.abc import Sequence

from rest_framework.exceptions import Throttled
from rest_framework.throttling import UserRateThrottle

from pulp_events import Listener
from pulp_events.bus.trial import Trial, send_test
from pulp_events.outbox.states import Outcome
from pulp_events.system import guard
from pulp_events_pulpcore.app.bus import bus

LONGEST = 20.0
"""Seconds that a request waits. pulpcore-api ends a process that answers nothing for 90."""
AT_ONCE = 4
"""Tests that a process has under way, with those whose request was answered without waiting for them."""

_under_way = threading.BoundedSemaphore(AT_ONCE)


class TestThrottle(UserRateThrottle):
    """Each user, in each process of the API: a test has no rate of its own in core."""

    __test__ = False  # for pytest
    scope = "event_listener_test"
    rate = "20/min"


def tried(listener: Listener) -> Sequence[Trial]:
    """What became of a test event at each target of the listener; `timeout` where that takes too long.

    Raises Throttled where too many tests are under way, and what `send_test` raises.
    """
    opened = bus()
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
    thread.join(LONGEST)
    if failed:
        raise failed[0]
    if found:
        return found[0]
    text = f"no outcome within {LONGEST:g} seconds"
    return [Trial(target, "", Outcome.TIMEOUT, text, LONGEST) for target in listener.targets]
