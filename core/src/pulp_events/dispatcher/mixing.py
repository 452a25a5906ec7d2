"""In which order what was claimed for a listener begins, where any order will do."""

from __future__ import annotations

from collections.abc import Sequence

from pulp_events.outbox.delivery import Delivery


def is_retry(delivery: Delivery) -> bool:
    """True if its event failed before; a wait that the receiver asked for is no failure of the event."""
    return delivery.attempts - delivery.forgiven > 1


def mixed(deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
    """First attempts and retries spread evenly, each in the order they have: where all retries fail, as the receiver
    chokes on their events, first attempts in between show that it is well."""
    parts: tuple[list[Delivery], list[Delivery]] = ([], [])
    for delivery in deliveries:
        parts[is_retry(delivery)].append(delivery)
    if not all(parts):
        return deliveries
    placed = [((place + 0.5) / len(part), again, each) for again, part in enumerate(parts)
              for place, each in enumerate(part)]  # fmt: skip
    return [each for _, _, each in sorted(placed, key=lambda one: one[:2])]


def probe_first(deliveries: Sequence[Delivery], retry: bool) -> Sequence[Delivery]:
    """What is to be tried first at an endpoint that failed: a retry, or a first attempt."""
    return sorted(deliveries, key=lambda each: is_retry(each) != retry)
