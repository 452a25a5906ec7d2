"""Asks the bus for what a page shows, and for no more than that."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pulp_events.errors import ListenerNotFound
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.system.clock import from_timestamp
from pulp_events_cli.top.figures import Counts, workers
from pulp_events_cli.top.frame import Data
from pulp_events_cli.top.model import Condition, DeliveryPage, Figures, ListenerPage, Overview, Row, condition_of
from pulp_events_cli.top.pace import Pace
from pulp_events_cli.top.state import Page, View

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.records import Health

_BACK = (600.0, 1800.0, 7200.0, 6 * 3600.0, 86400.0, 3 * 86400.0, 7 * 86400.0)
"""Seconds: how far a listener's deliveries are looked for, one after the other, while that is quick."""
_QUICK = 0.1
"""Seconds."""


class Reading:
    """What the pages show, as the store has it now."""

    def __init__(self, bus: EventBus, span: float, every: float) -> None:
        """`span`: seconds in which things are counted; `every`: seconds between two readings, at least."""
        self._bus = bus
        self._span = span
        self._pace = Pace(every)
        self.counts = Counts(bus, span)
        self._far: dict[tuple[str, State | None], tuple[int, int]] = {}
        """How far it had to be looked for a listener's deliveries, and how far is quick: numbers of `_BACK`."""

    def data(self, view: View, before: Data, room: int) -> Data:
        """What the view's page shows; the rest is as `before`. `room`: rows that are seen.

        Raises EventsError: ListenerNotFound and DeliveryNotFound if what the page is about is gone.
        """
        with self._timed():
            return self._data(view, before, room)

    @property
    def pause(self) -> float:
        """Seconds to wait before the next reading."""
        return self._pace.pause

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Counts, which have a pace of their own, are left out."""
        began, counting = time.monotonic(), self.counts.spent
        try:
            yield
        finally:
            self._pace.took(time.monotonic() - began - (self.counts.spent - counting))

    def _data(self, view: View, before: Data, room: int) -> Data:
        page = view.behind if view.page == Page.HELP else view.page
        if page == Page.LISTENER and view.listener is not None:
            return replace(before, listener=self.listener(view, room))
        if page == Page.DELIVERY and view.delivery is not None:
            return replace(before, delivery=self.delivery(view.delivery))
        return replace(before, overview=self.overview())

    def overview(self) -> Overview:
        """Everything together, and each listener."""
        bus, now = self._bus, self._now()
        totals, by = self.counts.now()
        health = bus.deliveries.health()
        rows = [self._row(listener, by, health, now) for listener in bus.listeners.list()]
        return Overview(totals, rows, workers(bus))

    def listener(self, view: View, room: int) -> ListenerPage:
        """A listener, and a page of its deliveries."""
        assert view.listener is not None
        bus, now = self._bus, self._now()
        listener = bus.listeners.get(view.listener)
        row = self._row(listener, self.counts.now(listener.id)[1], bus.deliveries.health(listener.id), now)
        query = DeliveryQuery(listener_id=listener.id, state=view.state)
        found, since = self._found(query, max(1, room) + 1, view, now)
        shown = found[: max(1, room)]
        return ListenerPage(row, shown, bus.deliveries.waiting_for(shown), since, len(found) > len(shown))

    def delivery(self, delivery_id: str) -> DeliveryPage:
        """A delivery with its attempts."""
        bus = self._bus
        delivery = bus.deliveries.get(delivery_id)
        attempts = bus.deliveries.attempts(delivery.id)
        wait = bus.deliveries.waiting_for([delivery]).get(delivery.id)
        try:
            listener = bus.listeners.get(delivery.listener_id)
        except ListenerNotFound:
            return DeliveryPage(delivery, attempts, f"{delivery.listener_id}, which was deleted", wait)
        name = f"{listener.name} ({listener.id})" if listener.name else listener.id
        return DeliveryPage(delivery, attempts, name, wait)

    def _now(self) -> datetime:
        return from_timestamp(self._bus.clock.time())

    def _row(self, listener: Listener, by: Mapping[str, Figures], health: Mapping[str, Health], now: datetime) -> Row:
        numbers = by.get(listener.id, Figures(span=self._span))
        lately = health.get(listener.id)
        failing = lately is not None and lately.failing_since is not None
        succeeded = lately is not None and lately.last_success is not None
        condition = condition_of(listener, numbers, failing, succeeded, now)
        since = None
        if condition == Condition.MUTED:
            since = listener.muted_until
        elif condition == Condition.FAILING and lately is not None:
            since = lately.failing_since
        note = ""
        if condition == Condition.MUTED:
            note = " ".join(
                each for each in (listener.mute_reason, listener.muted_by and f"(by {listener.muted_by})") if each
            )
        elif not listener.enabled:
            note = listener.disabled_reason or ""
        error = lately.detail.partition("\n")[0] if lately is not None and failing else ""
        return Row(listener, numbers, condition, since, error, note)

    def _found(
        self, query: DeliveryQuery, limit: int, view: View, now: datetime
    ) -> tuple[list[Delivery], datetime | None]:
        """Its newest deliveries, and since when they were looked for.

        A listener that gets little among millions of deliveries is not looked for in all of them, unless somebody says
        so: farther and farther back, until there are enough or it takes too long.
        """
        before = view.pages[-1] if view.pages else None
        key = (str(query.listener_id), query.state)
        steps: list[float | None] = [None] if view.deep else [*_BACK, None]
        first, last = (0, 0) if view.deep else self._far.get(key, (0, len(steps) - 1))
        for number, back in list(enumerate(steps))[first : last + 1]:
            since = None if back is None else now - timedelta(seconds=back)
            began = time.perf_counter()
            found = self._bus.deliveries.list(replace(query, since=since), limit=limit, before=before)
            slow = time.perf_counter() - began > _QUICK
            if not view.deep:
                # What was slow is not done again at each reading.
                self._far[key] = (max(0, number - 1),) * 2 if slow and len(found) < limit else (number, last)
            if slow or len(found) >= limit:
                break
        return found, since
