"""Claims about deliveries that fail: what is called transient, what permanent, and how soon."""

from __future__ import annotations

import threading
import time
from typing import Any

from pulp_events import EventBus, Listener, Notifier, TransientFailure
from pulp_events.testing.notifier_contract.subject import EVENT_TYPE, Subject, delivery_to, method_of, send


class FailingClaims(Subject):
    """Something goes wrong on the way to the endpoint, or there."""

    def test_a_refused_connection_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        endpoint.proxy.fault = "refuse"
        endpoint.proxy.drop()
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_reset_connection_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        endpoint.proxy.fault = "reset"
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_garbage_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        endpoint.proxy.fault = "garbage"
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_half_closed_connection_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        endpoint.proxy.fault = "half-closed"
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_server_that_hangs_is_given_up_within_the_time_limit(self, notifier: Notifier, endpoint: Any) -> None:
        endpoint.proxy.fault = "hang"
        limit = notifier.limit(*self.opening(notifier, endpoint))
        assert limit > 0
        found: list[BaseException] = []

        def work() -> None:
            try:
                with self.channel(notifier, endpoint) as channel:
                    send(channel, delivery_to(notifier, endpoint, "hang"))
            except BaseException as error:
                found.append(error)

        thread = threading.Thread(target=work, daemon=True)
        began = time.monotonic()
        thread.start()
        thread.join(limit + 1)
        late = thread.is_alive()
        endpoint.proxy.close()
        assert not late, f"still hanging after its own limit of {limit:g} s"
        assert time.monotonic() - began <= limit + 0.5
        assert found and isinstance(found[0], TransientFailure | TimeoutError), found

    def test_an_error_of_the_server_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        method_of(endpoint, "fail")()
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_rejection_is_permanent(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        method_of(endpoint, "reject")()
        self.assert_outcome(bus, endpoint, {"permanent"})

    def test_bad_credentials_are_a_failure_that_says_so(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        method_of(endpoint, "refuse_credentials")()
        self.assert_outcome(bus, endpoint, {"transient", "permanent"})

    def assert_outcome(self, bus: EventBus, endpoint: Any, outcomes: set[str]) -> None:
        """The next event fails in one of these ways, with a text that says why."""
        event = bus.emit(EVENT_TYPE, {"repo_id": "failing"})
        for delivery in bus.wait(event, 0):
            attempt = next(iter(bus.outbox.attempts(delivery.id)))
            assert attempt.outcome in outcomes, f"{attempt.outcome}: {attempt.detail}"
            assert attempt.detail.strip(), "a failure must say what happened"
            break
