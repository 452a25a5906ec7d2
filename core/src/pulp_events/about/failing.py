"""Which listeners are failing, and which have recovered. Pure: what the outbox says of them is an argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pulp_events.about.announcement import Announcement, about, error, text
from pulp_events.about.told import Told, has_passed
from pulp_events.events.own_names import LISTENER_FAILING, LISTENER_RECOVERED
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.records import Health

FAILING = "failing"
"""Where it is kept who is failing: listener id → since when, and when that was told."""
WELL = "well"
"""Where it is kept who has recovered lately: listener id → when it was last told that it was failing."""


def look(
    told: Told,
    health: Mapping[str, Health],
    listeners: Mapping[str, Listener],
    about_settings: Mapping[str, Any],
    now: float,
    room: int,
    is_heard: Callable[[Announcement], bool] = lambda said: True,
) -> list[Announcement]:
    """What is to be said now, `room` at most; `told` is changed accordingly. `is_heard`: whether anybody would get it,
    or hear of the recovery; what nobody hears is not noted as said: whoever listens later is told.

    A listener is failing after so many failures in a row, and has recovered with the first success after that was said.
    One that fails again within `repeat` of the last time is only said to be failing when that has passed.
    """
    failing, well = told.part(FAILING), told.part(WELL)
    for listener_id in [each for each in (*failing, *well) if each not in listeners]:
        failing.pop(listener_id, None)
        well.pop(listener_id, None)
    for listener_id in [each for each, at in well.items() if has_passed(about_settings["repeat"], at, now)]:
        del well[listener_id]
    said: list[Announcement] = []
    for listener_id, each in health.items():
        listener = listeners.get(listener_id)
        if listener is None or len(said) >= room:
            continue
        enough = each.failures >= about_settings["failing_after"] and each.failing_since is not None
        if listener_id in failing:
            since, at = failing[listener_id]
            if enough or each.last_success is None or each.last_success.timestamp() < since:
                continue
            del failing[listener_id]
            well[listener_id] = at
            said.append(
                about(LISTENER_RECOVERED, listener, failing_since=text(since), recovered=text(each.last_success))
            )
        elif enough and listener_id not in well and each.failing_since is not None:
            found = about(
                LISTENER_FAILING,
                listener,
                failing_since=text(each.failing_since),
                failures=each.failures,
                last_error=error(each.detail),
            )
            if is_heard(found):
                failing[listener_id] = [each.failing_since.timestamp(), now]
                said.append(found)
    return said
