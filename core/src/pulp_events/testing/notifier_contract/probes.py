"""Deliveries that differ from a usual one in one thing each: a notifier delivers them as it does the usual one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pulp_events import Delivery, Notifier
from pulp_events.listeners.notifier_config import validate
from pulp_events.testing.factory import make_delivery
from pulp_events.testing.notifier_contract.subject import EVENT_TYPE, LISTENER_ID

EVENT_TYPES = ("repo.sync.finish", "repo.publish.start", "repo.publish.finish", "contract.of.a.third.party")
SIZES = (1_000, 20_000, 60_000, 150_000)
"""Bytes of payloads."""
AROUND = 1000
"""Bytes of a report around its payload, at most."""
LATER_ATTEMPTS = (2, 3, 10)
PAYLOAD: Mapping[str, Any] = {"repo_id": "probe"}
CALL_REPORT: Mapping[str, Any] = {"task_id": "probe", "tags": ["pulp:action:sync"], "progress": {"done": 1.5}}


@dataclass(frozen=True)
class Probe:
    """One of them."""

    what: str
    """What is special about it, in words."""

    delivery: Delivery


def probes(notifier: Notifier, endpoint: Any, largest: int | None) -> Iterator[Probe]:
    """For the first target. `largest`: bytes of a report that the receiver takes; None: any."""
    target = targets_of(notifier, endpoint)[0]

    def probe(what: str, event_type: str = EVENT_TYPE, payload: Mapping[str, Any] = PAYLOAD, **more: Any) -> Probe:
        return Probe(what, of_listener(make_delivery(event_type, payload, target=target, **more)))

    yield probe("nothing special")
    yield probe("an empty payload", payload={})
    yield probe("a payload without strings", payload={"n": 1, "of": [None, True, 1.5, {}, []]})
    yield probe("a call report", call_report=CALL_REPORT)
    for event_type in EVENT_TYPES:
        yield probe(f"the event type {event_type}", event_type)
    for size in SIZES:
        if largest is None or size <= largest - AROUND:
            yield probe(f"a payload of {size} bytes", payload={**PAYLOAD, "text": "x" * size})
    for attempts in LATER_ATTEMPTS:
        yield probe(f"attempt {attempts}", attempts=attempts)
    yield probe("all of this at once", EVENT_TYPES[0], {}, call_report=CALL_REPORT, attempts=LATER_ATTEMPTS[-1])


def targets_of(notifier: Notifier, endpoint: Any) -> list[str]:
    """The labels of the targets of the endpoint's configuration."""
    _, targets = validate(notifier, endpoint.config)
    return list(targets)


def of_listener(delivery: Delivery) -> Delivery:
    """The same of the listener that the contract's channels are of."""
    return replace(delivery, listener_id=LISTENER_ID)
