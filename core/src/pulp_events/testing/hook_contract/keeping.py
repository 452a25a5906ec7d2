"""Claims about what hooks keep in memory of what they are given: nothing that grows with the number of calls."""

from __future__ import annotations

import itertools
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from pulp_events import Attempt, Delivery, Event, EventBus, Listener
from pulp_events.system.ids import new_event_id, new_listener_id
from pulp_events.testing.hook_contract.subject import Call, HookSubject
from pulp_events.testing.memory import growth
from pulp_events.testing.notifier_contract.child import in_child

CALLS = 1500
"""How many calls of each hook are measured, as far as the time suffices."""
LEAST = 24
"""Bytes of each call from which on it is kept; an id alone takes three times that."""
NOISE = 32_000
"""Bytes that libraries keep for themselves."""


class HookKeepingClaims(HookSubject):
    """A worker calls hooks for months."""

    remembers: ClassVar[int] = 200
    """How many calls it may remember something of, in a cache with a limit."""

    def test_nothing_that_it_was_given_is_kept(self, bus: EventBus) -> None:
        """No event, delivery, listener or id of them, and no copy of it."""
        calls = self.calls(bus)
        hooks = sorted({call.hook for call in calls})
        seconds = self.claim_limit / (len(hooks) + 1)
        for hook in hooks:
            of_hook = [call for call in calls if call.hook == hook]
            ended = in_child(lambda of_hook=of_hook: self._growth(of_hook, seconds / 2), seconds)  # type: ignore[misc]
            if ended.how:
                pytest.fail(f"{hook}: {ended.how}", pytrace=False)
            made, kept = ended.told
            assert kept <= max(NOISE, LEAST * made), (
                f"after {made} calls of {hook}, {kept} bytes more are in memory; keep no event, delivery, listener or "
                "id. Give a cache a limit, and let `remembers` say how many calls that is"
            )

    def _growth(self, calls: list[Call], seconds: float) -> tuple[int, int]:
        """How many calls were measured, and the bytes that they left."""
        made = 0

        def work() -> None:
            nonlocal made
            made = _make(calls, CALLS, seconds / 2)

        kept = growth(work, lambda: _make(calls, self.remembers, seconds / 2))
        return made, kept


def _make(calls: list[Call], count: int, seconds: float) -> int:
    """Make so many calls, each about something else, until the time is over; how many that were."""
    until, made = time.monotonic() + seconds, 0
    for call in itertools.islice(itertools.cycle(calls), count):
        with suppress(Exception):
            replace(call, given={name: _another(value) for name, value in call.given.items()}).make()
        made += 1
        if time.monotonic() > until:
            break
    return made


def _another(value: Any) -> Any:
    """The same of another event or listener, so that it shares nothing that the plugin may keep."""
    match value:
        case Event():
            payload = {**value.payload, "contract": uuid.uuid4().hex}
            return replace(value, id=new_event_id(time.time()), payload=payload)
        case Delivery():
            event_id = new_event_id(time.time())
            return replace(value, id=f"{event_id}.0", event_id=event_id, report=value.report + b"\n")
        case Listener():
            return replace(value, id=new_listener_id())
        case Attempt():
            return replace(value)
        case tuple():
            return tuple(map(_another, value))
        case dict():
            return dict(value)
        case _:
            return value
