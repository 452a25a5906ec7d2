"""A test event, sent within the time that a request may take: the server has few threads, and an endpoint may hang."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pulp_events import EventBus, Listener
from pulp_events.bus.trial import Trial
from pulp_events.outbox.states import Outcome
from pulp_events_web.context import taking_long, too_many
from pulp_events_web.places import Full, Places

LONGEST = 20.0
"""Seconds that a request waits."""
AT_ONCE = 4
"""Tests under way in this process, with those whose request was answered without waiting for their end; half of them of
one person."""

_under_way = Places(AT_ONCE, AT_ONCE // 2)


def tried(bus: EventBus, listener: Listener, who: str, longest: float | None = None) -> Sequence[Trial]:
    """What became of a test event at each target; `timeout` where that takes too long.

    `who`: whose test it is. `longest`: LONGEST. Raises TooManyRequests, and what `bus.test_listener` raises.
    """
    with taking_long():
        try:
            _under_way.take(who)
        except Full as full:
            raise too_many(f"tests{' of yours' if full.own else ''} are under way", full.most) from None
        return _tried(bus, listener, who, LONGEST if longest is None else longest)


def _tried(bus: EventBus, listener: Listener, who: str, longest: float) -> Sequence[Trial]:
    found: list[Sequence[Trial]] = []
    failed: list[Exception] = []

    def send() -> None:
        try:
            found.append(bus.test_listener(listener.id))
        except Exception as error:  # noqa: BLE001  # raised below, in the request
            failed.append(error)
        finally:
            _under_way.give_back(who)

    thread = threading.Thread(target=send, name="listener-test", daemon=True)
    _start(thread.start, who)
    thread.join(longest)
    if failed:
        raise failed[0]
    if found:
        return found[0]
    text = f"no outcome within {longest:g} seconds"
    return [Trial(target, "", Outcome.TIMEOUT, text, longest) for target in listener.targets]


def _start(start: Callable[[], None], who: str) -> None:
    try:
        start()
    except BaseException:
        _under_way.give_back(who)
        raise
