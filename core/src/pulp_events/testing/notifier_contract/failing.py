"""Claims about deliveries that fail: what is called transient, what permanent, and how soon."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest

from pulp_events import Delivery, EventBus, Listener, Notifier, TransientFailure
from pulp_events.dispatcher.circuit import LONGEST_PAUSE
from pulp_events.outbox.delivery import Attempt
from pulp_events.testing.fault_proxy import FaultProxy
from pulp_events.testing.notifier_contract.limits import ends_within
from pulp_events.testing.notifier_contract.secrecy import assert_no_secret, words_of
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to, method_of, proxy_of


class FailingClaims(Subject):
    """Something goes wrong on the way to the endpoint, or there."""

    def test_a_refused_connection_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        proxy = proxy_of(endpoint)
        proxy.fault = "refuse"
        proxy.drop()
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_reset_connection_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        proxy_of(endpoint).fault = "reset"
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_garbage_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        proxy_of(endpoint).fault = "garbage"
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_half_closed_connection_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        proxy_of(endpoint).fault = "half-closed"
        self.assert_outcome(bus, endpoint, {"transient", "timeout"})

    def test_a_server_that_hangs_is_given_up_within_the_time_limit(self, notifier: Notifier, endpoint: Any) -> None:
        proxy = proxy_of(endpoint)
        proxy.fault = "hang"
        limit = notifier.limit(*self.opening(notifier, endpoint))
        assert limit > 0
        found: list[BaseException] = []

        def work() -> None:
            try:
                with self.channel(notifier, endpoint) as channel:
                    self.send(channel, delivery_to(notifier, endpoint, "hang"))
            except BaseException as error:
                found.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        late = not ends_within(thread, limit + 0.5)
        proxy.close()
        assert not late, f"still hanging after its own limit of {limit:g} s"
        assert found and isinstance(found[0], TransientFailure | TimeoutError), found
        assert_no_secret(notifier, endpoint, words_of(found[0]), "the failure, or a cause of it")

    def test_an_error_of_the_server_is_transient(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        method_of(endpoint, "fail")()
        self.assert_outcome(bus, endpoint, {"transient", "timeout"}, next_only=True)

    def test_it_leaves_retries_to_the_framework(self, notifier: Notifier, endpoint: Any) -> None:
        """One call of `send` is one attempt, so that each is recorded, and the schedule is the listener's."""
        proxy = proxy_of(endpoint)
        with self.channel(notifier, endpoint) as channel:
            self.send(channel, delivery_to(notifier, endpoint, "good"))
            usual = proxy.connections
            proxy.cut_at = b"cut-here"
            with contextlib.suppress(Exception):  # other claims look at what is raised
                self.send(channel, delivery_to(notifier, endpoint, "cut-here"))
        proxy.cut_at = b""
        assert proxy.cuts <= 1, (
            f"the connection broke after the report was sent, and one attempt sends it {proxy.cuts} times; raise "
            "TransientFailure and leave the next attempt to the retry schedule"
        )
        if not self.connects_again:
            self._assert_connects_once(notifier, endpoint, proxy, usual)
        elif not proxy.cuts:
            pytest.skip("it may try several times to connect, and its reports pass the proxy encrypted or encoded")

    def _assert_connects_once(self, notifier: Notifier, endpoint: Any, proxy: FaultProxy, usual: int) -> None:
        for fault in ("reset", "garbage", "half-closed"):
            before = proxy.connections
            proxy.fault = fault
            with contextlib.suppress(Exception), self.channel(notifier, endpoint) as channel:
                self.send(channel, delivery_to(notifier, endpoint, "bad"))
            made = proxy.connections - before
            assert made <= usual, (
                f"with the fault {fault}, one attempt makes {made} connections instead of {usual}; raise "
                "TransientFailure and leave the next attempt to the retry schedule"
            )

    def test_a_rejection_is_permanent(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        method_of(endpoint, "reject")()
        self.assert_outcome(bus, endpoint, {"permanent"})

    def test_bad_credentials_are_a_failure_that_says_so(self, bus: EventBus, listener: Listener, endpoint: Any) -> None:
        method_of(endpoint, "refuse_credentials")()
        self.assert_outcome(bus, endpoint, {"transient", "permanent"})

    def first_attempt(self, bus: EventBus, delivery: Delivery) -> Attempt:
        """It may come late: a failure for another target may have opened the circuit of the listener."""
        while not (attempts := bus.outbox.attempts(delivery.id)):
            self._clock.advance(LONGEST_PAUSE)
            assert bus.deliver_due(), f"the delivery to {delivery.target} is never attempted"
        return attempts[0]

    def assert_outcome(self, bus: EventBus, endpoint: Any, outcomes: set[str], *, next_only: bool = False) -> None:
        """The next event fails in one of these ways, for each target, with a text that says why.

        `next_only`: the error may be the next answer's alone, so that another target's delivery succeeds.
        """
        failed = 0
        for delivery in self.emit(bus, {"repo_id": "failing"}):
            if failed and not bus.listeners.get(delivery.listener_id).enabled:
                return  # the failure before disabled the listener: nothing more is attempted
            attempt = self.first_attempt(bus, delivery)
            if attempt.outcome == "delivered" and next_only and failed:
                continue
            failed += 1
            target = f"to {delivery.target}: " if delivery.target else ""
            assert attempt.outcome in outcomes, f"{target}{attempt.outcome}: {attempt.detail}"
            assert attempt.detail.strip(), f"{target}a failure must say what happened"
