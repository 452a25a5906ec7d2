"""Claims about an endpoint that failed, or was killed, and works again: nothing is lost, and nothing overtakes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from pulp_events import EventBus, Listener, Notifier
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.endpoint import Arrival
from pulp_events.testing.notifier_contract.subject import EVENT_TYPE, Subject, method_of

MARKS = ("ordered-a", "ordered-b", "ordered-c")


class RecoveringClaims(Subject):
    """The endpoint can be made to fail (`fail`), or its server killed and started again (`restart`)."""

    def test_a_server_that_was_killed_and_started_again_is_delivered_to(
        self, bus: EventBus, listener: Listener, endpoint: Any, clock: FakeClock
    ) -> None:
        restart = method_of(endpoint, "restart")
        assert {one.state for one in self.emit(bus, {"repo_id": "before-restart"})} == {"delivered"}
        restart()
        event = bus.emit(EVENT_TYPE, {"repo_id": "after-restart"})
        self.end_window(bus)
        clock.advance(3600)  # the first attempt may find that the connection is gone
        bus.deliver_due()
        assert {one.state for one in bus.wait(event, 0)} == {"delivered"}, (
            f"{bus.wait(event, 0)[0].detail}; set channel.broken, so that the next attempt gets a new connection"
        )
        self.eventually(
            lambda: sum("after-restart" in one.text for one in endpoint.arrived()) >= len(listener.targets),
            "after a restart of the server, all is called delivered, and nothing arrived",
        )

    def test_an_ordered_listener_keeps_its_order_when_an_attempt_fails(
        self, bus: EventBus, notifier: Notifier, endpoint: Any, clock: FakeClock
    ) -> None:
        if self.window(notifier, endpoint) is not None:
            pytest.skip("it has windows: events leave together")
        fail = method_of(endpoint, "fail")
        listener = bus.listeners.create(notifier.type_id, endpoint.config, [EVENT_TYPE], lanes=1)
        fail()
        events = [bus.emit(EVENT_TYPE, {"repo_id": MARKS[0]})]
        time.sleep(self.settling)
        before = len(endpoint.arrived())  # some receivers keep what they refuse
        getattr(endpoint, "recover", lambda: None)()
        events += [bus.emit(EVENT_TYPE, {"repo_id": mark}) for mark in MARKS[1:]]
        for _ in MARKS:
            clock.advance(3600)
            bus.deliver_due()
        left = {one.state: one.detail for event in events for one in bus.wait(event, 0)}
        assert left.keys() == {"delivered"}, left
        self.eventually(
            lambda: all(any(mark in one.text for one in endpoint.arrived()[before:]) for mark in MARKS[1:]),
            "all is called delivered, and not all arrived",
        )
        time.sleep(self.settling)
        for target in {one.target for one in endpoint.arrived()} & {None, *listener.targets}:
            arrived = _last_of_each(endpoint.arrived(), target)
            assert arrived == list(MARKS), (
                f"the events were {MARKS}, and the first attempt failed; they arrived as {arrived}; raise the failure, "
                "and keep nothing to send it later"
            )


def _last_of_each(arrivals: list[Arrival], target: str | None) -> list[str]:
    """The marks in the order in which they arrived at this target, repeats where the last of them was."""
    found: list[str] = []
    for arrival in arrivals:
        for mark in MARKS:
            if arrival.target == target and mark in arrival.text:
                found = [*(one for one in found if one != mark), mark]
    return found
