"""A test event, sent within the time that a request may take: the server has few threads, and an endpoint may hang."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pulp_events import EventBus, Listener
from pulp_events.bus.trial import Trial
from pulp_events.outbox.states import Outcome

LONGEST = 20.0
"""Seconds that a request waits."""
AT_ONCE = 4
"""Tests under way in this process, with those whose request was answered without waiting for their end."""

_under_way = threading.BoundedSemaphore(AT_ONCE)


class TooMany(Exception):
    """As many tests are under way as may be."""


def tried(bus: EventBus, listener: Listener, longest: float = LONGEST) -> Sequence[Trial]:
    """What became of a test event at each target; `timeout` where that takes too long.

    Raises TooMany, and what `bus.test_listener` raises.
    """
    if not _under_way.acquire(blocking=False):
        raise TooMany
    found: list[Sequence[Trial]] = []
    failed: list[Exception] = []

    def send() -> None:
        try:
            found.append(bus.test_listener(listener.id))
        except Exception as error:  # noqa: BLE001  # raised below, in the request
            failed.append(error)
        finally:
            _under_way.release()

    thread = threading.Thread(target=send, name="listener-test", daemon=True)
    _start(thread.start)
    thread.join(longest)
    if failed:
        raise failed[0]
    if found:
        return found[0]
    text = f"no outcome within {longest:g} seconds"
    return [Trial(target, "", Outcome.TIMEOUT, text, longest) for target in listener.targets]


def _start(start: Callable[[], None]) -> None:
    try:
        start()
    except BaseException:
        _under_way.release()
        raise
