"""What observers are called with, and the claim that is theirs alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from pulp_events import Attempt, Delivery, Event, EventBus, Listener
from pulp_events.outbox.states import Outcome, State
from pulp_events.testing.factory import make_delivery, make_event
from pulp_events.testing.hook_contract.subject import SECRET, Call, HookSubject

LARGE = 200_000
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DETAILS = {
    Outcome.DELIVERED: (State.DELIVERED, ""),
    Outcome.TRANSIENT: (State.PENDING, "503 Service Unavailable\nGrüße, try later"),
    Outcome.TIMEOUT: (State.PENDING, "no answer within 5 s"),
    Outcome.ERROR: (State.PENDING, "KeyError: 'x'"),
    Outcome.PERMANENT: (State.DEAD, "404 Not Found: " + "x" * 1000),
    Outcome.LOST: (State.PENDING, "its process died"),
}
"""Outcome of an attempt → the state that follows, and its detail."""


class ObservingClaims(HookSubject):
    """Part of `ObserverContract`."""

    hooks: ClassVar[Sequence[str]] = (
        "pulp_event_emitted",
        "pulp_events_counted",
        "pulp_delivery_attempted",
        "pulp_listener_changed",
    )

    def test_what_it_returns_is_nothing(self, bus: EventBus) -> None:
        for call in self.calls(bus):
            found = call.make()
            assert found is None, (
                f"{call} returns {found!r:.60}, which nobody reads; return None, or implement pulp_before_emit to "
                "change an event"
            )

    def calls(self, bus: EventBus) -> list[Call]:
        """One for each outcome, each kind of payload, and each change of a listener."""
        return [
            *self.named_calls(bus, "pulp_event_emitted", dict(_emitted())),
            *self.named_calls(bus, "pulp_events_counted", _counted()),
            *self.named_calls(bus, "pulp_delivery_attempted", dict(_attempted())),
            *self.named_calls(bus, "pulp_listener_changed", dict(_changed())),
        ]


def events() -> Mapping[str, Event]:
    """What is special about each → the event."""
    return {
        "of a usual event": make_event("repo.sync.start", {"repo_id": "pulp2"}),
        "of an event with an empty payload": make_event("repo.publish.finish", {}),
        "of an event with a large payload": make_event("repo.sync.finish", {"ü": {"deep": [1, None, "x" * LARGE]}}),
    }


def listener() -> Listener:
    """One with a secret in its configuration."""
    return Listener(
        id="a" * 24,
        notifier_type_id="contract",
        notifier_config={"url": "http://contract.example/ü", "token": SECRET},
        event_types=("repo.#",),
        targets=("",),
        created=NOW,
        updated=NOW,
    )


def _emitted() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for of, event in events().items():
        yield of, {"event": event, "listeners": (listener(), replace(listener(), id="b" * 24, name="other"))}
        yield f"{of} that nobody listens to", {"event": event, "listeners": ()}


def _counted() -> Mapping[str, Mapping[str, Any]]:
    return {"of several events": {"event_types": {"repo.sync.start": 3, "repo.sync.finish": 1}}}


def _attempted() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, (outcome, (state, detail)) in enumerate(DETAILS.items(), 1):
        made: Delivery = make_delivery("repo.sync.start", {"repo_id": "ü"}, target="a@example.com", attempts=number)
        finished = NOW if state.finished else None
        delivery = replace(made, state=state, listener_id="a" * 24, detail=detail, finished=finished)
        attempt = Attempt(number, NOW, 0.25, outcome, detail, None if finished else NOW)
        yield f"of an attempt with the outcome {outcome}", {"delivery": delivery, "attempt": attempt}


def _changed() -> Iterator[tuple[str, Mapping[str, Any]]]:
    before = listener()
    after = replace(before, enabled=False, name="ci", notifier_config={**before.notifier_config, "url": "x"})
    by = "älice"
    yield "of a new listener", {"before": None, "after": before, "by": by}
    yield "of a changed listener", {"before": before, "after": after, "by": "dispatcher"}
    yield "of a deleted listener", {"before": after, "after": None, "by": by}
