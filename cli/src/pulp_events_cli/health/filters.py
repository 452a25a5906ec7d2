"""Filters that fail on events, which lets these pass: what the log says once, an administrator finds here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events.errors import InvalidConfig
from pulp_events_cli.health.naming import called
from pulp_events_cli.output.findings import NOTE, Finding

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.delivery import Delivery

RECENT = 100
"""Deliveries that are looked at, the newest of all listeners. One whose filter failed on it is among these."""


def check(listeners: Sequence[Listener], recent: Sequence[Delivery]) -> Iterator[Finding]:
    """A finding for each listener whose filter fails on an event that it got of late, for its cost or a wrong type."""
    from pulp_events.listeners.filters import failure

    of_listener: dict[str, list[Delivery]] = {}
    for delivery in recent:
        of_listener.setdefault(delivery.listener_id, []).append(delivery)
    for listener in listeners:
        try:
            condition = listener.condition
        except InvalidConfig:  # of a foreign store
            continue
        if condition is None:
            continue
        for delivery in of_listener.get(listener.id, ()):
            if why := failure(condition, _report(delivery)):
                yield Finding(NOTE, "listeners", _text(listener, delivery, why))
                break


def _report(delivery: Delivery) -> dict[str, Any]:
    try:
        found = json.loads(delivery.report)
    except ValueError:  # damaged; whoever attempts it says so
        return {}
    return found if isinstance(found, dict) else {}


def _text(listener: Listener, delivery: Delivery, why: str) -> str:
    change = f"`pulp-admin event listener {listener.notifier_type_id} update --listener-id={listener.id} --filter=EXPR`"
    return (
        f"the filter of listener {called(listener)} fails on events such as {delivery.event_id} "
        f"({delivery.event_type}): {why:.200}; change it with {change}"
    )
