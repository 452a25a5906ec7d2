"""Deliveries as they are shown, and the filters by which they are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events import EventBus, EventsError
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State

if TYPE_CHECKING:
    from pulp_events.bus.wait_cause import WaitingFor

FILTERS = ("state", "listener", "event_type", "event_id", "notifier_type", "error", "since", "until")
"""What deliveries can be looked for by, in a URL and in the body of a retry."""
_FIELD = {"listener": "listener_id", "notifier_type": "notifier_type_id"}


def query_of(given: Mapping[str, Any]) -> DeliveryQuery:
    """The query for these filters; those that are None or not given stand for any. Raises EventsError."""
    asked = {_FIELD.get(name, name): given[name] for name in FILTERS if given.get(name) is not None}
    if "state" in asked:
        try:
            asked["state"] = State(asked["state"])
        except ValueError:
            raise EventsError(f"state={asked['state']!r:.60} is not a state; give one of {', '.join(State)}") from None
    return DeliveryQuery(**asked)


def shown(delivery: Delivery, waiting: WaitingFor | None = None) -> dict[str, Any]:
    """One delivery. `waiting`: what it waits for, of one that is pending. Its report is shown with the event."""
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "event_time": delivery.event_time,
        "listener_id": delivery.listener_id,
        "target": delivery.target,
        "state": str(delivery.state),
        "attempts": delivery.attempts,
        "detail": delivery.detail,
        "finished": delivery.finished,
        "expires": delivery.expires,
        "repeat_of": delivery.repeat_of,
        "trace_id": delivery.trace_id,
        "waiting_for": None if waiting is None else _waiting(waiting),
    }


def shown_all(bus: EventBus, deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
    """Each of these, with what it waits for; a few questions to the store, however many they are."""
    waiting = bus.deliveries.waiting_for(deliveries)
    return [shown(each, waiting.get(each.id)) for each in deliveries]


def _waiting(waiting: WaitingFor) -> dict[str, Any]:
    return {
        "cause": str(waiting.cause),
        "reason": waiting.reason,
        "until": waiting.until,
        "at_once": waiting.at_once,
        "behind": waiting.behind,
    }


def attempts(found: Iterable[Attempt]) -> list[dict[str, Any]]:
    """The attempts of a delivery."""
    return [
        {
            "number": each.number,
            "started": each.started,
            "duration": each.duration,
            "outcome": str(each.outcome),
            "detail": each.detail,
            "retry_at": each.retry_at,
        }
        for each in found
    ]
