"""`Audiences`: which listeners an event concerns, and the deliveries that are made for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events.errors import InvalidConfig
from pulp_events.events.event import Event
from pulp_events.frozen import thaw
from pulp_events.listeners.filters import passes
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.records import NewDelivery
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock
from pulp_events.visible import one_line

if TYPE_CHECKING:
    from pulp_events.budgets.jmespath_budget import Filter

SKIPPED = "skipped: the listener was disabled"
DROPPED = "dropped: the listener was muted"

AUDIENCES = 16
"""Event types and scopes whose listeners are kept worked out; ten thousand listeners take a megabyte each time."""


class Audience:
    """The listeners of an event type and scope as long as no record changes, with what is the same at each event."""

    def __init__(
        self,
        matching: tuple[Listener, ...],
        listeners: tuple[Listener, ...],
        skip: Callable[[Listener], str | None],
    ) -> None:
        """`matching`: those that have the event type; `listeners`: those of them that may get such an event."""
        self.matching = matching
        self.listeners = listeners
        self.own: list[tuple[NewDelivery, ...] | None] = [
            None if each.mute_drops or each.expires else deliveries_for(each, skip(each)) for each in listeners
        ]
        """The deliveries of each listener; None where they depend on the time."""
        self.deliveries: tuple[NewDelivery, ...] | None = None
        """All of them; None where they depend on the time, or on the event."""
        if None not in self.own and not any(each.filter for each in listeners):
            self.deliveries = tuple(delivery for own in self.own for delivery in own or ())


class Audiences:
    """Those of one bus, worked out once for many events."""

    def __init__(self, settings: Settings, index: ListenerIndex, clock: Clock) -> None:
        self._skips = settings.section("delivery")["while_disabled"] == "skip"
        self._index = index
        self._clock = clock
        self._known: dict[tuple[str, str | None], Audience] = {}

    def of(self, event_type: str, scope: str | None) -> Audience:
        """The listeners that may get events of this type and scope."""
        matching = self._index.matching(event_type)
        found = self._known.get((event_type, scope))
        if found is None or found.matching is not matching:
            if len(self._known) >= AUDIENCES:
                self._known.clear()
            listeners = tuple(each for each in matching if each.hears(scope, event_type))
            found = self._known[event_type, scope] = Audience(matching, listeners, self.skip)
        return found

    def among(self, event_type: str, hears: Callable[[Listener], bool]) -> Audience:
        """Those of an event type for which `hears` is true."""
        matching = self._index.matching(event_type)
        return Audience(matching, tuple(each for each in matching if hears(each)), self.skip)

    def wanting(self, audience: Audience, event: Event) -> tuple[Sequence[Listener], Sequence[NewDelivery]]:
        """The listeners whose filters let the event pass, and their deliveries of it."""
        if audience.deliveries is not None:
            return audience.listeners, audience.deliveries
        listeners: list[Listener] = []
        deliveries: list[NewDelivery] = []
        verdicts: dict[str, bool] = {}
        report: dict[str, Any] | None = None
        for listener, own in zip(audience.listeners, audience.own, strict=True):
            if listener.filter is not None:
                if listener.filter not in verdicts:  # many listeners may have the same
                    report = report or thaw(event.report())
                    verdicts[listener.filter] = passes_filter(listener, report)
                if not verdicts[listener.filter]:
                    continue
            listeners.append(listener)
            deliveries += deliveries_for(listener, self.skip(listener), event) if own is None else own
        return listeners, deliveries

    def skip(self, listener: Listener, at: float | None = None) -> str | None:
        """Why an event is recorded as dead for this listener at once; None if it is to be delivered.

        `at`: when it is emitted, in seconds since the epoch; by default now.
        """
        if self._skips and not listener.enabled:
            return SKIPPED
        if listener.mute_drops and listener.muted_for(self._clock.time() if at is None else at):
            return DROPPED + (f" ({one_line(listener.mute_reason)})" if listener.mute_reason else "")
        return None


def passes_filter(listener: Listener, report: Mapping[str, Any]) -> bool:
    """Whether the listener's filter lets an event with this report pass. `report`: in plain dicts and lists."""
    return passes(_condition(listener), report)


def _condition(listener: Listener) -> Filter | None:
    try:
        return listener.condition
    except InvalidConfig:  # of a foreign store; an event too many is better than one that is lost
        return None


def deliveries_for(listener: Listener, skip: str | None, event: Event | None = None) -> tuple[NewDelivery, ...]:
    """`event`: needed for a listener whose deliveries expire."""
    expires = event.time.timestamp() + listener.expires if event is not None and listener.expires else None
    return tuple(NewDelivery(listener.id, target, skip, expires) for target in listener.targets)
