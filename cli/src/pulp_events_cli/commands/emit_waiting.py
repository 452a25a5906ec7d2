"""Why a delivery of an event that was just emitted is still pending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.listeners.waiting import target_of_another_process, wait_of
from pulp_events.outbox.window import remaining
from pulp_events.system.clock import from_timestamp
from pulp_events_cli.output.text import count, local_time

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.delivery import Delivery

SOON = 0.25
"""Seconds for which anything is waited for, be it for a mute or a window to end."""


def reason(bus: EventBus, delivery: Delivery) -> str:
    """Why it is pending; empty where nothing but its attempts can say so."""
    return (
        reason_to_leave(bus, delivery)
        or reason_to_wait(bus, delivery)
        or _behind(older(bus, delivery))
        or _by_rate(bus, delivery)
    )


def reason_to_leave(bus: EventBus, delivery: Delivery) -> str:
    """Why it will not be attempted now, by anybody; empty if it may be."""
    listener = _listener(bus, delivery)
    if listener is None:
        return ""
    wait = wait_of(listener, bus.plugins.notifiers, bus.clock.time() + SOON)
    if wait and not reason_to_wait(bus, delivery):
        return f"waiting: {wait.reason}"
    if (left := window_left(bus, delivery)) > SOON:
        return f"waiting for its window, until {local_time(from_timestamp(bus.clock.time() + left))}"
    return ""


def reason_to_wait(bus: EventBus, delivery: Delivery) -> str:
    """Why it is not attempted here, where another process may be about to; empty otherwise."""
    listener = _listener(bus, delivery)
    if listener is None or target_of_another_process(listener, bus.plugins.notifiers) is None:
        return ""
    wait = wait_of(listener, bus.plugins.notifiers, bus.clock.time() + SOON)
    return f"waiting: {wait.reason}" if wait and wait.cause == "notifier" else ""


def not_now(bus: EventBus, delivery: Delivery) -> bool:
    """Whether nothing is to be waited for: it will not be attempted now, or not for a while by its listener's rate."""
    return bool(reason_to_leave(bus, delivery)) or (
        delivery.lease is None and bus.dispatcher.is_throttled(delivery.listener_id)
    )


def window_left(bus: EventBus, delivery: Delivery) -> float:
    """Seconds for which a delivery that was not attempted yet waits for others that leave with it."""
    listener = _listener(bus, delivery)
    try:
        window = None if listener is None or delivery.attempts else bus.listeners.window(listener)
    except Exception:  # noqa: BLE001  # a notifier may raise anything; the dispatcher says so with the delivery
        return 0.0
    return 0.0 if window is None else remaining(delivery.event_time.timestamp(), window, bus.clock.time())


def older(bus: EventBus, delivery: Delivery) -> int:
    """How many deliveries of earlier events must come first, as the listener's order is kept. They are the worker's."""
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events.outbox.states import State

    listener = _listener(bus, delivery)
    if listener is None or (listener.lanes or bus.settings.section("delivery")["lanes"]) != 1:
        return 0
    event_id, listener_id = delivery.event_id, listener.id
    first = next(one.id for one in bus.outbox.of_event(event_id) if one.listener_id == listener_id)
    if not bus.outbox.find(DeliveryQuery(state=State.PENDING, listener_id=listener_id), 1, before=first):
        return 0
    # By the times of their events, which a datetime rounds: perhaps to after its own.
    earlier = DeliveryQuery(state=State.PENDING, listener_id=listener_id, until=delivery.event_time)
    own = DeliveryQuery(state=State.PENDING, listener_id=listener_id, until=delivery.event_time, event_id=event_id)
    return max(1, bus.outbox.count(earlier) - bus.outbox.count(own))


def behind_others(number: int) -> str:
    """So many come first."""
    come, them = ("comes", "it") if number == 1 else ("come", "them")
    return f"{count(number, 'older delivery', 'older deliveries')} {come} first; the worker sends {them}"


def _behind(number: int) -> str:
    return f"waiting: {behind_others(number)}" if number else ""


def _by_rate(bus: EventBus, delivery: Delivery) -> str:
    """For one that nobody has attempted, or is attempting."""
    listener = _listener(bus, delivery)
    rate = None if listener is None else bus.listeners.rate(listener)
    return "" if rate is None or delivery.attempts else f"waiting for its turn: the listener's rate is {rate}"


def _listener(bus: EventBus, delivery: Delivery) -> Listener | None:
    return next((each for each in bus.listeners.list() if each.id == delivery.listener_id), None)
