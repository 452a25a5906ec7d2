"""Whether a delivery can be made again, why not, and what became of it then: never more than will happen."""

from __future__ import annotations

from dataclasses import dataclass

from pulp_events import EventBus, Listener
from pulp_events.bus.wait_cause import WaitCause, WaitingFor
from pulp_events.errors import ListenerNotFound
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State

NO_WORKER = "no process that delivers is running; start one: pulp-admin event worker"
_ENDED_BY_RETRY = frozenset([WaitCause.RETRY, WaitCause.CIRCUIT, WaitCause.PAUSE, WaitCause.SECRET])
"""What a pending delivery waits for that a retry ends; any other it would wait for all the same."""
_WHY_NOT = {
    WaitCause.ATTEMPT: "It is being attempted now.",
    WaitCause.EXPIRED: "It has expired.",
    WaitCause.DISABLED: "It waits until its listener is enabled; a retry would not change that.",
    WaitCause.MUTE: "It waits until the mute of its listener ends; a retry would not change that.",
    WaitCause.WINDOW: "It leaves with others; a retry would not change that.",
    WaitCause.ORDER: "An older delivery comes first: retry that one.",
    WaitCause.RATE: "It waits for its turn, as its listener has a rate; a retry would not change that.",
    WaitCause.NOTIFIER: "It waits for a process that has its notifier; a retry would not change that.",
    WaitCause.WORKER: "It is due already.",
}


@dataclass(frozen=True)
class Again:
    """What the page of a delivery offers."""

    button: str = ""
    """Empty: nothing is offered."""
    why_not: str = ""
    repeat: str | None = None
    """Id of the delivery that repeats it."""


def offered(bus: EventBus, delivery: Delivery, waiting: WaitingFor | None) -> Again:
    """By the records of now. `waiting`: what it waits for, if it is pending."""
    listener = _listener(bus, delivery)
    if listener is None:
        return Again(why_not="Its listener was deleted: it cannot be made again.")
    if delivery.state == State.PENDING:
        if waiting is None or waiting.cause in _ENDED_BY_RETRY:
            return Again("Retry now")
        return Again(why_not=_WHY_NOT.get(waiting.cause, ""))
    if bus.deliveries.count(DeliveryQuery(ids=[delivery.id], erased=True)):
        return Again(why_not="The content of its event was erased: it cannot be made again.")
    if delivery.state == State.DELIVERED and (repeat := repeat_of(bus, delivery)) is not None:
        return Again(repeat=repeat)
    verb = "Send it again" if delivery.state == State.DELIVERED else "Retry"
    if not listener.enabled:
        return Again(f"{verb} once its listener is enabled")
    if listener.muted_for(bus.clock.time()):
        return Again(f"{verb} once the mute ends")
    return Again(verb if delivery.state == State.DELIVERED else "Retry now")


def repeat_of(bus: EventBus, delivery: Delivery) -> str | None:
    """Id of the delivery that repeats this one."""
    query = DeliveryQuery(event_id=delivery.event_id, listener_id=delivery.listener_id, is_repeat=True)
    repeats = bus.deliveries.list(query, limit=100)
    return next((each.id for each in repeats if each.repeat_of == delivery.id), None)


def outcome(bus: EventBus, delivery_id: str) -> str:
    """What became of a delivery that was retried just now, in a sentence."""
    found = bus.deliveries.get(delivery_id)
    if found.state == State.DELIVERED:
        return "It was sent again, and arrived."
    if found.state == State.DEAD:
        return "It was tried again, and given up."
    waiting = bus.deliveries.waiting_for([found]).get(found.id)
    if waiting is None or waiting.cause == WaitCause.ATTEMPT:
        return "It is being sent again now."
    if waiting.cause == WaitCause.WORKER:
        return f"It is in line again, but {NO_WORKER}." if nobody_delivers(bus) else "It is in line again, and due now."
    if waiting.cause == WaitCause.RETRY:
        return f"It was tried again: {waiting.reason}."
    return f"It is in line again, but waits: {waiting.reason}."


def next_attempt(bus: EventBus, waiting: WaitingFor) -> str:
    """When, in words, where no time is known."""
    if waiting.cause == WaitCause.WORKER and nobody_delivers(bus):
        return "once a process that delivers is running"
    if waiting.at_once:
        return "at any moment"
    after = {
        WaitCause.ATTEMPT: "it is being made now",
        WaitCause.DISABLED: "once its listener is enabled",
        WaitCause.EXPIRED: "none",
        WaitCause.LISTENER: "none",
        WaitCause.NOTIFIER: "once a process that has its notifier is running",
        WaitCause.ORDER: "after the one before it",
    }
    return after.get(waiting.cause, "not known")


def nobody_delivers(bus: EventBus) -> bool:
    """No process at work on this store delivers."""
    return not any(each.delivers and not each.gone for each in bus.workers())


def _listener(bus: EventBus, delivery: Delivery) -> Listener | None:
    try:
        return bus.listeners.get(delivery.listener_id)
    except ListenerNotFound:
        return None
