"""Disables listeners whose receivers want no more, or that had nothing but failures for days."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pulp_events.dispatcher.judged import Judged
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.verdict import shorten
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.records import Health, Result
from pulp_events.outbox.states import Transition
from pulp_events.outbox.store import Outbox
from pulp_events.system.clock import Clock

HEALTH_CHECK = 30.0
"""Seconds between looks at how long a failing listener has been failing; fewer where `disable_after` is less."""
SNAPSHOT = 5.0
"""Seconds for which what the outbox said of all listeners holds: it is asked once for many that fail."""


class HealthWatch:
    """`disable(listener, reason)` is called for a listener that is to be left alone."""

    def __init__(
        self,
        outbox: Outbox,
        delivery: Mapping[str, Any],
        clock: Clock,
        disable: Callable[[Listener, str], None],
        current: Callable[[str], Listener | None],
    ) -> None:
        """`current`: the listener with this id as it is now."""
        self._outbox = outbox
        self._after = delivery["disable_after"]
        self._every = min(HEALTH_CHECK, self._after)
        self._holds = min(SNAPSHOT, self._after)
        self._clock = clock
        self._disable = disable
        self._current = current
        self._checked: dict[str, float] = {}
        self._health: Mapping[str, Health] = {}
        self._asked = -SNAPSHOT

    def disable_failing(self, recorded: Sequence[tuple[Judged, Result]]) -> None:
        """These attempts were recorded."""
        for judged, result in recorded:
            if result.transition == Transition.SUCCEED:
                continue
            route = judged.route
            if judged.verdict.disable_listener:
                detail = _first_line(route.configuration.scrubber(judged.verdict.detail))
                self._disable(route.listener, shorten(f"the receiver wants no more events: {detail}"))
            else:
                self._check(route)

    def _check(self, route: Route) -> None:
        listener, now = route.listener, self._clock.monotonic()
        if now - self._checked.get(listener.id, -self._every) < self._every:
            return
        if len(self._checked) > 10_000:
            self._checked = {key: at for key, at in self._checked.items() if now - at < self._every}
        self._checked[listener.id] = now
        health = self._now(now).get(listener.id)
        if health is None or health.failing_since is None:
            return
        # The attempt began with the record as it was then; it may have been muted meanwhile.
        listener = self._current(listener.id) or listener
        # While it was muted it could have no success.
        begun = max(health.failing_since, listener.muted_until or health.failing_since)
        if self._clock.time() - begun.timestamp() >= self._after:
            since = health.failing_since.isoformat(timespec="seconds")
            self._disable(
                listener,
                f"{health.failures} failures and no success since {since}; the last: {_first_line(health.detail)}",
            )

    def _now(self, now: float) -> Mapping[str, Health]:
        if now - self._asked >= self._holds:
            began = time.monotonic()
            self._health = self._outbox.health()
            self._asked = now + 10 * (time.monotonic() - began)  # where that takes long, it is done less often
        return self._health


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
